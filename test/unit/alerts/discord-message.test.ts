import { describe, expect, it } from 'vitest';
import { emptyBook, WHOLE, type Book } from '../../../src/alerts/book.ts';
import { closeText, openText, type Text } from '../../../src/alerts/discord-message.ts';
import { parseWebhookUrl } from '../../../src/alerts/discord.ts';
import { failed, left, recovered } from '../../../src/alerts/incidents.ts';
import { reportOf, subjectOf, textOf } from '../../../src/alerts/plain-text.ts';
import { REFUSED_EARLIER } from '../../../src/core/refused-words.ts';
import { failure, only } from './builders.ts';

const T = Date.UTC(2026, 10, 21, 8);
const many = Array.from({ length: 1_000 }, (_, index) => `USER_${String(index).padStart(58, '0')}`);
const fail = (names: readonly string[], changes = {}): Book =>
  names.reduce((book, account) => failed(book, failure({ account, ...changes }), T), emptyBook);
const recover = (book: Book, names: readonly string[]): Book =>
  names.reduce((rest, account) => recovered(rest, { broker: 'tradovate', account }, T + 90_000), book);
const notice = (book: Book): { incident: ReturnType<typeof only>; now: number } => ({
  incident: only(book),
  now: T,
});

/** Discord docs, "Embed Limits" and "Execute Webhook". */
function expectWithinLimits(text: Text): void {
  expect(text.content.length).toBeLessThanOrEqual(2_000);
  expect(text.embeds.length).toBeLessThanOrEqual(10);
  let total = 0;
  for (const embed of text.embeds) {
    expect(embed.title.length).toBeLessThanOrEqual(256);
    expect(embed.description.length).toBeLessThanOrEqual(4_096);
    expect(embed.footer.text.length).toBeLessThanOrEqual(2_048);
    expect(embed.fields.length).toBeLessThanOrEqual(25);
    total += embed.title.length + embed.description.length + embed.footer.text.length;
    for (const field of embed.fields) {
      expect(field.name.length).toBeLessThanOrEqual(256);
      expect(field.value.length).toBeLessThanOrEqual(1_024);
      total += field.name.length + field.value.length;
    }
  }
  expect(total).toBeLessThanOrEqual(6_000);
}

describe('the message that opens', () => {
  it('says broker, cause, reason and names where a notification shows them', () => {
    const { content } = openText(notice(fail(['USER_000000', 'USER_000001'])));
    expect(content).toContain('tradovate');
    expect(content).toContain('The broker refuses user name or password.');
    expect(content).toContain('invalid_credentials');
    expect(content).toContain('USER_000000, USER_000001');
  });

  it('names all of forty accounts, the first ten in the line of the notification', () => {
    const names = many.slice(0, 40).map((name) => name.slice(0, 5) + name.slice(-6));
    const text = openText(notice(fail(names)));
    for (const name of names) expect(text.embeds[0]?.description).toContain(name);
    expect(text.content).toContain(`${names.slice(0, 10).join(', ')} and 30 more`);
    expect(text.embeds[0]?.title).toBe('tradovate: 40 accounts failing');
  });

  it('makes room for forty of the longest names, whatever else there is to say', () => {
    const names = many.slice(0, 40);
    const book = names.reduce(
      (rest, account) =>
        failed(
          rest,
          failure({
            account,
            message: `A reason. ${'x'.repeat(2_000)}`,
            link: `https://tokens.example/oauth/upstox/${account}?ticket=${'y'.repeat(120)}`,
            why: `Something of ${account} alone. ${'z'.repeat(100)}`,
            tokenUntil: T + 86_400_000,
          }),
          T,
        ),
      emptyBook,
    );
    const text = openText(notice(book));
    expectWithinLimits(text);
    const list = /\*\*Failing \(40\)\*\*: ([^*]*)/.exec(text.embeds[0]?.description ?? '')?.[1] ?? '';
    expect(names.filter((name) => !list.includes(name))).toEqual([]);
    expect(text.embeds[0]?.fields.length).toBeGreaterThan(3);
  });

  it('names all who are back where one of forty is left', () => {
    const names = many.slice(0, 40).map((name) => name.slice(-30));
    const text = openText(notice(recover(fail(names), names.slice(1))));
    for (const name of names) expect(text.embeds[0]?.description).toContain(name);
  });

  it('says how many where a notification shows it, and where to see how it goes', () => {
    const home = 'https://tokens.example/dashboard';
    const down = { code: 'broker_down', nextAt: T + 5_000 };
    const two = { ...notice(fail(['USER_000000', 'USER_000001'], down)), home };
    expect(openText(two).content).toMatch(/\n2 accounts: USER_000000, USER_000001$/);
    expect(openText(two).embeds[0]?.fields.at(-1)).toEqual({
      name: 'What you can do',
      value: `Nothing yet. How it goes: ${home}`,
    });
    expect(textOf('opened', two)).toContain(`What you can do: Nothing yet. How it goes: ${home}`);
    const person = { ...notice(fail(['USER_000000'])), home };
    expect(openText(person).embeds[0]?.fields.at(-1)?.value).toBe(
      `What is said above. How it stands: ${home}?account=USER_000000`,
    );
    for (const code of ['budget_spent', 'some_penalty']) {
      const named = { ...notice(fail(['USER_000000'], { code, nextAt: T + 5_000 })), home };
      expect(textOf('opened', named)).toContain('Mend what is named above, if anything is.');
    }
  });

  it('leads to the account, where it is one, and not its owner’s own link elsewhere', () => {
    const home = 'https://tokens.example/dashboard';
    const linked = (names: readonly string[], link: string): string[] => [
      ...(openText({ ...notice(fail(names, { link })), home }).embeds[0]?.fields ?? [])
        .filter(({ name }) => name === 'What you can do')
        .map(({ value }) => value),
    ];
    expect(linked(['A&B'], home)).toEqual([`See what is wrong, and mend it: ${home}?account=A%26B`]);
    expect(linked(['USER_000000', 'USER_000001'], home)).toEqual([`See what is wrong, and mend it: ${home}`]);
    expect(linked(['USER_000000'], 'https://broker.example/login')).toEqual([
      'Log in at the broker: https://broker.example/login',
    ]);
  });

  const MINUTE = 60_000;
  const SOON = `<t:${(T + MINUTE) / 1_000}:T>`;
  it.each<[string, readonly (number | null | undefined)[], string | undefined]>([
    ['its one token', [T + MINUTE], `A token until ${SOON}.`],
    ['that there is none', [null], 'No token.'],
    ['that it has ended meanwhile', [T - 1], 'No token.'],
    ['nothing where it is not known', [undefined], undefined],
    [
      'which ends first',
      [T + 2 * MINUTE, T + MINUTE],
      `A token for 2 accounts, the first until ${SOON} (USER_1).`,
    ],
    [
      'how many have none',
      [null, T + MINUTE, null],
      `No token for 2 accounts; a token for 1 account, the first until ${SOON} (USER_1).`,
    ],
    ['what is known of some', [null, undefined], 'No token for 1 account.'],
  ])('says what bots have: %s', (_, ends, expected) => {
    const book = ends.reduce<Book>(
      (before, tokenUntil, i) => failed(before, failure({ account: `USER_${i}`, tokenUntil }), T),
      emptyBook,
    );
    const told = notice(book);
    expect(openText(told).embeds[0]?.fields.find(({ name }) => name === 'What bots have')?.value).toBe(
      expected,
    );
    const text = textOf('opened', told);
    expect(text.includes('What bots have: ')).toBe(expected !== undefined);
    expect(reportOf('opened', told).tokens_until).toEqual(
      Object.fromEntries(
        ends.flatMap((end, i) =>
          end === undefined ? [] : [[`USER_${i}`, end === null ? null : new Date(end).toISOString()]],
        ),
      ),
    );
  });

  it('says the date of a try that is not today, and times in the zone of those who read mails', () => {
    const tomorrow = { ...notice(fail(['USER_000000'], { nextAt: T + 86_400_000 })), zone: 'Asia/Kolkata' };
    expect(openText(tomorrow).embeds[0]?.fields[0]?.value).toContain('next try is at <t:1795334400:f>');
    const text = textOf('opened', tomorrow);
    expect(text).toContain('next at Sun 22 Nov, 13:30:00 (Asia/Kolkata)');
    expect(text).toContain('Since Sat 21 Nov, 13:30:00 (Asia/Kolkata)');
  });

  it('says what happens next and what a person can do', () => {
    const link = 'http://localhost:8000/dashboard';
    const fields = openText(notice(fail(['USER_000000'], { nextAt: T + 5_000, link }))).embeds[0]?.fields;
    expect(fields).toMatchInlineSnapshot(`
      [
        {
          "name": "What happens next",
          "value": "The service tries again by itself; as of <t:1795248000:T> the next try is at <t:1795248005:T>.",
        },
        {
          "name": "What you can do",
          "value": "http://localhost:8000/dashboard",
        },
      ]
    `);
    expect(openText(notice(fail(['USER_000000']))).embeds[0]?.fields[0]?.value).toContain(
      'a person must act',
    );
  });

  it('says what happens next where nobody has to act', () => {
    const one = notice(fail([WHOLE], { level: 'warning', next: 'Nothing fails.' }));
    expect(openText(one).embeds[0]?.fields).toEqual([{ name: 'What happens next', value: 'Nothing fails.' }]);
    expect(textOf('opened', one)).toContain('Nothing fails.');
    expect(textOf('opened', one)).not.toContain('a person must act');
  });

  it('says a long reason once, and its first sentence where a notification shows it', () => {
    const rest = 'Correct it in the credentials file; nothing is sent to the broker before that.';
    const message = `The broker refuses user name or password. ${rest}`;
    const { content, embeds } = openText(notice(fail(['USER_000000'], { message })));
    expect(content).toContain('The broker refuses user name or password. (invalid_credentials)');
    expect(content).not.toContain(rest);
    expect(embeds[0]?.description.split(rest)).toHaveLength(2);
    expect(openText(notice(fail(['A'], { message: 'It is so.' }))).embeds[0]?.description).not.toContain(
      'It is so.',
    );
    const endless = openText(notice(fail(['A'], { message: 'x'.repeat(500) })));
    expect(endless.content.length).toBeLessThan(250);
    expect(endless.embeds[0]?.description).toContain('x'.repeat(500));
  });

  it('gives each person their own link, not the last one to all', () => {
    const linkOf = (name: string): string => `https://tokens.example/oauth/upstox/${name}?ticket=made-up`;
    const names = ['AB0000', 'AB0001', 'AB0002'];
    const three = names.reduce(
      (book, account) => failed(book, failure({ account, link: linkOf(account) }), T),
      emptyBook,
    );
    const linksIn = (book: Book): unknown =>
      openText(notice(book))
        .embeds[0]?.fields.slice(1)
        .map(({ name, value }) => [name, value]);
    expect(linksIn(three)).toEqual(names.map((name) => [`What ${name} can do`, linkOf(name)]));
    expect(linksIn(recover(three, ['AB0001']))).toEqual([
      ['What AB0000 can do', linkOf('AB0000')],
      ['What AB0002 can do', linkOf('AB0002')],
    ]);
    expect(textOf('opened', notice(three))).toContain(`What AB0001 can do: ${linkOf('AB0001')}`);
    expect(reportOf('opened', notice(three)).links).toEqual(
      Object.fromEntries(names.map((name) => [name, linkOf(name)])),
    );
  });

  it('leads to the page of each account where several are stopped', () => {
    const home = 'https://tokens.example/dashboard';
    const own = (name: string): string => `${home}?account=${name}`;
    const login = 'https://tokens.example/oauth/upstox/AB0002?ticket=made-up';
    const both = fail(['AB0000', 'AB0001'], { link: home });
    const told = { ...notice(both), home };
    expect(reportOf('opened', told)).toMatchObject({
      link: own('AB0000'),
      links: { AB0000: own('AB0000'), AB0001: own('AB0001') },
    });
    // In words one address is enough for all.
    expect(textOf('opened', told)).toContain(`What you can do: See what is wrong, and mend it: ${home}\n`);
    const three = { ...notice(failed(both, failure({ account: 'AB0002', link: login }), T)), home };
    expect(reportOf('changed', three).links).toMatchObject({ AB0001: own('AB0001'), AB0002: login });
    expect(textOf('changed', three)).toContain(
      `What AB0001 can do: See what is wrong, and mend it: ${own('AB0001')}`,
    );
    expect(reportOf('opened', { ...notice(fail([WHOLE], { link: home })), home })).toMatchObject({
      link: home,
      links: {},
    });
  });

  it('says of a password that was refused before what it is, and leads to the account', () => {
    const home = 'https://tokens.example/dashboard';
    const book = fail(['AB0000'], { code: 'stopped', message: REFUSED_EARLIER, link: home });
    const { content, embeds } = openText({ ...notice(book), home });
    expect(content).toContain('These credentials were refused earlier and are not sent again. (stopped)');
    expect(JSON.stringify(embeds)).toContain('mend it: https://tokens.example/dashboard?account=AB0000"');
    // One message may be of many accounts, so that it names none in a command.
    expect(JSON.stringify({ content, embeds })).not.toMatch(/NAME|not known any more/);
  });

  it('gives the links of the first ten, and counts the others', () => {
    const forty = many
      .slice(0, 40)
      .reduce(
        (book, account, index) =>
          failed(book, failure({ account, link: `http://localhost:8000/${index}` }), T),
        emptyBook,
      );
    const fields = openText(notice(forty)).embeds[0]?.fields ?? [];
    expect(fields).toHaveLength(12);
    expect(fields.at(-1)?.value).toBe('Links on the dashboard: 30 accounts.');
  });

  it('never has the word that closes, whatever has happened since', () => {
    const two = fail(['USER_000000', 'USER_000001']);
    for (const book of [recover(two, ['USER_000000']), recover(two, ['USER_000000', 'USER_000001'])]) {
      const text = openText(notice(book));
      expect(JSON.stringify(text)).not.toMatch(/recovered/i);
      expect(text.embeds[0]?.description).toContain('Back');
    }
  });

  it('says where accounts went on failing', () => {
    const book = failed(fail(['USER_000000'], { code: 'timeout' }), failure(), T + 1);
    const [left] = book.incidents;
    if (left === undefined) throw new Error('no incident');
    const text = openText({ incident: left, now: T });
    expect(text.content).toContain('Continues as invalid_credentials (1)**: USER_000000');
    expect(text.embeds[0]?.fields).toEqual([]);
    expect(textOf('changed', { incident: left, now: T })).toContain(
      'Continues as invalid_credentials (1): USER_000000',
    );
  });

  it('ends with its first line where its accounts left without a word', () => {
    const gone = left(fail(['USER_000000']), { broker: 'tradovate', account: 'USER_000000' }, T);
    expect(openText(notice(gone)).content).toMatch(/^⚪ tradovate: over: .*\(invalid_credentials\)$/);
  });

  it('never has the word that closes in words for machines and mails either', () => {
    const one = notice(fail(['A'], { message: 'Recovered, or not recovered.', why: 'It recovered.' }));
    expect(textOf('opened', one) + subjectOf('opened', one)).not.toMatch(/recovered/i);
    expect(JSON.stringify({ ...reportOf('opened', one), reason: '' })).not.toContain('recovered"');
  });
});

describe('the message that closes', () => {
  it('contains `recovered`, who, and for how long', () => {
    const { content } = closeText(notice(recover(fail(['USER_000000']), ['USER_000000'])));
    expect(content).toContain('recovered after 90 s (invalid_credentials)');
    expect(content).toContain('USER_000000');
  });

  it('says who goes on failing for another cause, where a notification shows it', () => {
    const two = fail(['USER_000000', 'USER_000001'], { code: 'timeout' });
    const moved = failed(two, failure({ account: 'USER_000001' }), T + 1);
    const [first] = recover(moved, ['USER_000000']).incidents;
    if (first === undefined) throw new Error('no incident');
    expect(closeText({ incident: first, now: T }).content).toContain(
      'Continues as invalid_credentials (1)**: USER_000001',
    );
  });

  it('repeats no reason', () => {
    const over = notice(recover(fail(['USER_000000']), ['USER_000000']));
    expect(JSON.stringify(closeText(over))).not.toContain('refuses');
    expect(textOf('recovered', over)).not.toContain('refuses');
    expect(textOf('recovered', over)).toContain('Back (1): USER_000000');
  });
});

describe('the limits', () => {
  const long = '😀'.repeat(3_000);
  const worst = { message: long, code: long, link: `http://localhost/${long}`, nextAt: T + 1 };

  it('hold with a thousand accounts, the longest names and endless texts', () => {
    const book = fail(many, worst);
    for (const text of [
      openText(notice(book)),
      openText(notice(recover(book, many.slice(0, 500)))),
      closeText(notice(recover(book, many))),
    ]) {
      expectWithinLimits(text);
      expect(JSON.stringify(text)).toMatch(/and \d+ more/);
    }
  });

  it('hold with a long link of its own for everybody', () => {
    const book = many.reduce(
      (rest, account) =>
        failed(
          rest,
          failure({ ...worst, account, link: `http://localhost/${account}${'x'.repeat(300)}` }),
          T,
        ),
      emptyBook,
    );
    expectWithinLimits(openText(notice(book)));
    expectWithinLimits(openText(notice(recover(book, many.slice(0, 500)))));
  });

  it('hold where accounts went on failing for many causes', () => {
    let book = fail(many);
    for (const [index, account] of many.slice(1).entries()) {
      book = failed(book, failure({ account, code: `cause_${index % 30}` }), T + 1);
    }
    for (const incident of book.incidents) expectWithinLimits(openText({ incident, now: T }));
  });

  it('never cut a character in two', () => {
    const text = openText(notice(fail(['USER_000000'], worst)));
    expect(
      text.content.isWellFormed() && text.embeds.every((embed) => embed.description.isWellFormed()),
    ).toBe(true);
  });
});

describe('parseWebhookUrl', () => {
  it('reads id and token, and nothing where there are none', () => {
    expect(parseWebhookUrl('https://discord.com/api/webhooks/123456789012345678/made-up_TOKEN')).toEqual({
      id: '123456789012345678',
      token: 'made-up_TOKEN',
    });
    expect(parseWebhookUrl('https://discord.com/api/v10/webhooks/1/t?wait=true')).toEqual({
      id: '1',
      token: 't',
    });
    expect(parseWebhookUrl('https://discord.com/api/webhooks/1')).toBeUndefined();
  });
});
