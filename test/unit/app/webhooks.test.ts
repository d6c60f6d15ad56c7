import { describe, expect, it } from 'vitest';
import { leadsToWebhook, makeWebhooks, webhookPath, type Webhooks } from '../../../src/app/webhooks.ts';
import type { Account } from '../../../src/core/account.ts';
import type { Consent } from '../../../src/core/broker.ts';
import { makeSeal } from '../../../src/redis/seal.ts';
import type { Keeper, Tended } from '../../../src/tending/parts.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';
import { until } from '../../support/poll.ts';

const keys = [1, 2].map((byte) => Buffer.alloc(32, byte));
const seal = makeSeal(keys.slice(0, 1));
const notice = { access_token: 'made-up-token' };

/** Reads any object but `{bad: true}`. */
const read: NonNullable<Consent['read']> = (given) =>
  typeof given === 'object' && given !== null && 'bad' in given
    ? { refused: 'bad_times' }
    : {
        grant: {
          token: 'made-up-token',
          headers: {},
          issuedAt: 0,
          expiresAt: 1,
          tokenType: 'Bearer',
          baseUrl: 'http://127.0.0.1',
        },
      };

const account = (name: string, changes: Partial<Account> = {}): Account => ({
  name,
  broker: 'alpha',
  environment: 'live',
  username: name,
  enabled: true,
  subAccounts: [],
  ttlSeconds: undefined,
  discoverAccounts: false,
  hours: undefined,
  verify: true,
  identity: `alpha/${name}`,
  credentials: [],
  key: undefined,
  connection: {
    consent: {
      url: () => '',
      redirectUri: '',
      receive: () => Promise.reject(new Error('not asked for')),
      askAt: (now) => now,
      deadline: (now) => now,
      read,
    },
  },
  ...changes,
});

interface Bench {
  readonly webhooks: Webhooks;
  readonly clock: FakeClock;
  /** What the keeper was given, in order. */
  readonly taken: string[];
  /** What it was told to keep on disk. */
  readonly held: unknown[];
  readonly logged: string[];
}

/** `answers`: the keeper's, in order; the last one stays. */
function bench(accounts: readonly Account[], answers: readonly (Tended | Error)[]): Bench {
  const clock = fakeClock();
  const taken: string[] = [];
  const held: unknown[] = [];
  const logged: string[] = [];
  const note = (fields: Readonly<Record<string, unknown>>): void => void logged.push(String(fields['event']));
  const take: Keeper['take'] = async (name) => {
    const answer = answers[Math.min(taken.length, answers.length - 1)];
    taken.push(name);
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer');
    return answer;
  };
  const webhooks = makeWebhooks({
    keeper: { take, hold: async (...given) => void held.push(given) },
    accounts: () => accounts,
    signatures: seal.signatures,
    clock,
    log: { debug: note, info: note, warn: note, error: note },
  });
  return { webhooks, clock, taken, held, logged };
}

const secretOf = (of: Account, signatures = seal.signatures): string =>
  webhookPath(of, signatures)?.split('/').at(-1) ?? '';

describe('the path of a webhook', () => {
  it('is the account’s own, and the same each time', () => {
    const [one, two] = [account('one'), account('two')];
    expect(webhookPath(one, seal.signatures)).toMatch(/^\/webhooks\/alpha\/[\w-]{32}$/);
    expect(secretOf(one)).toBe(secretOf({ ...one }));
    const others = [two, account('one', { broker: 'beta' })].map((each) => secretOf(each));
    expect(new Set([secretOf(one), ...others]).size).toBe(3);
    expect(secretOf(one, makeSeal(keys.slice(1)).signatures)).not.toBe(secretOf(one));
  });

  it.each([
    ['is disabled', { enabled: false }],
    ['takes no notices', { connection: {} }],
  ])('is none for an account that %s', async (_, changes) => {
    const of = account('one', changes);
    expect(webhookPath(of, seal.signatures)).toBeUndefined();
    const { webhooks, taken } = bench([of], [{ outcome: 'pending' }]);
    expect(await webhooks.takeNotice('alpha', secretOf(account('one')), notice)).toEqual({
      outcome: 'unknown-path',
    });
    expect(taken).toEqual([]);
  });

  it('works for as long as its key is in the ring', async () => {
    const of = account('one');
    const rotated = makeSeal([...keys].reverse());
    const { webhooks } = bench([of], [{ outcome: 'pending' }]);
    const under = makeWebhooks({
      keeper: { take: async () => ({ outcome: 'pending' }), hold: async () => undefined },
      accounts: () => [of],
      signatures: rotated.signatures,
      clock: fakeClock(),
      log: { debug: none, info: none, warn: none, error: none },
    });
    for (const each of [webhooks, under]) {
      expect(await each.takeNotice('alpha', secretOf(of), notice)).toEqual({ outcome: 'taken' });
    }
  });
});

const none = (): void => undefined;

describe('what is posted', () => {
  const of = account('one');
  const post = ({ webhooks }: Bench, body: unknown = notice) =>
    webhooks.takeNotice('alpha', secretOf(of), body);

  it('to another path, or another broker’s, is for nobody', async () => {
    const { webhooks, taken } = bench([of], [{ outcome: 'pending' }]);
    for (const [broker, secret] of [
      ['alpha', 'guessed'],
      ['alpha', ''],
      ['beta', secretOf(of)],
    ] as const) {
      expect(await webhooks.takeNotice(broker, secret, notice)).toEqual({ outcome: 'unknown-path' });
    }
    expect(taken).toEqual([]);
  });

  it('and is no token of the account troubles nobody', async () => {
    const each = bench([of], [{ outcome: 'pending' }]);
    expect(await post(each, { bad: true })).toEqual({ outcome: 'refused', reason: 'bad_times' });
    expect(each.taken).toEqual([]);
  });

  it.each<[Tended, unknown]>([
    [{ outcome: 'pending' }, { outcome: 'taken' }],
    [
      { outcome: 'refused', reason: 'too_many' },
      { outcome: 'refused', reason: 'too_many' },
    ],
    [{ outcome: 'unknown' }, { outcome: 'busy' }],
  ])('is answered at once where the keeper says %o', async (tended, answer) => {
    const each = bench([of], [tended]);
    expect(await post(each)).toEqual(answer);
    expect([each.taken.length, each.held, each.logged]).toEqual([1, [], []]);
  });

  it('waits for an account that is being looked at', async () => {
    const each = bench([of], [{ outcome: 'held' }, { outcome: 'lost' }, { outcome: 'pending' }]);
    const answer = post(each);
    await each.clock.advance(1_000);
    expect(await answer).toEqual({ outcome: 'taken' });
    expect(each.taken).toHaveLength(3);
  });

  it('is on disk at once where Redis is away, and once', async () => {
    const each = bench([of], [new Error('Redis is away')]);
    void post(each);
    await each.clock.advance(0);
    expect(each.held).toEqual([['one', notice]]);
    await each.clock.advance(10_000);
    expect(each.held).toHaveLength(1);
    await each.webhooks.close();
  });

  it('is on disk before its account is waited for any longer', async () => {
    const each = bench([of], [{ outcome: 'held' }]);
    void post(each);
    await each.clock.advance(2_000);
    expect(each.held).toEqual([]);
    await each.clock.advance(1_000);
    expect(each.held).toEqual([['one', notice]]);
    await each.webhooks.close();
  });

  it('is answered within 3 s, and tried until it can be kept', async () => {
    const away = Array<Error>(60).fill(new Error('Redis is away'));
    const each = bench([of], [...away, { outcome: 'pending' }]);
    const answer = post(each);
    await each.clock.advance(3_000);
    expect(await answer).toEqual({ outcome: 'busy' });
    expect(each.logged).toEqual(['webhook.waits']);
    await each.clock.advance(60_000);
    expect(each.taken).toHaveLength(61);
    expect(each.clock.sleepers()).toBe(0);
  });

  it('is tried no longer once it is of no use', async () => {
    const held = Array<Tended>(12).fill({ outcome: 'held' });
    const each = bench([of], [...held, { outcome: 'refused', reason: 'expired' }]);
    void post(each);
    await each.clock.advance(10_000);
    expect([each.taken.length, each.clock.sleepers()]).toEqual([13, 0]);
  });

  it('waits for three at most: more are no person’s', async () => {
    const each = bench([of, account('two')], [{ outcome: 'held' }]);
    const answers = Array.from({ length: 5 }, () => post(each));
    void each.webhooks.takeNotice('alpha', secretOf(account('two')), notice);
    await each.clock.advance(3_000);
    expect(await Promise.all(answers)).toEqual(Array(5).fill({ outcome: 'busy' }));
    expect(each.logged).toHaveLength(4);
    await each.webhooks.close();
  });

  it('is left alone by one that closes', async () => {
    const each = bench([of], [{ outcome: 'held' }]);
    void post(each);
    await each.clock.advance(5_000);
    await each.webhooks.close();
    await until(() => each.clock.sleepers() === 0, { what: 'nobody to wait' });
    const tries = each.taken.length;
    await each.clock.advance(60_000);
    expect(each.taken).toHaveLength(tries);
  });
});

describe('an address that a broker says it posts to', () => {
  it.each([
    ['the path of the present key', (path: string) => `https://desk.example${path}`, true],
    ['behind a proxy, with a query', (path: string) => `https://other.example/hooks${path}?a=b`, true],
    ['another secret', (path: string) => `https://desk.example${path}x`, false],
    ['a page of somebody else', () => 'https://desk.example/', false],
    ['no address', () => 'made-up', false],
  ])('leads to the account or not: %s', (_, address, leads) => {
    const old = webhookPath(account('DESK'), seal.signatures) ?? '';
    const { signatures } = makeSeal(keys.toReversed());
    expect(leadsToWebhook(account('DESK'), address(old), signatures)).toBe(leads);
    expect(leadsToWebhook(account('OTHER'), address(old), signatures)).toBe(false);
  });
});
