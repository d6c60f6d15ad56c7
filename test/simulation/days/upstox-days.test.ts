import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ist } from '../../support/rows/upstox.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, restart, runTo, SECOND_MS, watchGaps, type Gaps } from './clockwork.ts';

/*
 * A desk at Upstox from Friday morning to Tuesday: who logs in by browser (one of them wants the
 * extended token, too, one has office hours), and who is asked through Upstox.
 */

const app = (name: string, userId: string, more: object = {}) => ({
  broker: 'upstox',
  name,
  clientId: `made-up-app-${name}`,
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
  userId,
  ...more,
});
const office = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '09:30',
  to: '15:30',
  zone: 'Asia/Kolkata',
};
const entries = [
  app('browser', 'AB0001'),
  app('extended', 'AB0002', { extendedToken: true }),
  app('office', 'AB0003', { hours: office }),
  app('asked', 'AB0004', { approval: 'request' }),
  app('silent', 'AB0005', { approval: 'request' }),
];
const names = entries.map(({ name }) => name);

/** 2026-01-16 is a Friday. */
const friday = (time: string): number => ist(`2026-01-16T${time}`);
const saturday = (time: string): number => ist(`2026-01-17T${time}`);
const monday = (time: string): number => ist(`2026-01-19T${time}`);
const tuesday = (time: string): number => ist(`2026-01-20T${time}`);

let world: World;
let gaps: Gaps;
beforeEach(async () => {
  world = await makeWorld({ entries, startAt: friday('07:30:00'), sweepEveryMs: 5 * MINUTE_MS });
  gaps = watchGaps(world, names);
  for (const { name, clientId, userId } of entries) {
    world.command('upstox', 'register', `${clientId} ${userId}`);
    const url = world.webhookUrl(name);
    if (url !== undefined) world.command('upstox', 'notifier', `${clientId} ${url}`);
  }
});
afterEach(() => world.stop());

const requests = (name: string): readonly number[] =>
  world.calls({ operation: 'request', username: userOf(name) }).map(({ startedAt }) => startedAt);
const userOf = (name: string): string => entries.find((each) => each.name === name)?.userId ?? '';
const appOf = (name: string): string => `made-up-app-${name}`;
const profiles = (): number => world.calls({ operation: 'profile' }).length;

async function logIn(name: string): Promise<string> {
  let said = '';
  void world.logIn(name).then(
    (message) => (said = message),
    (error: unknown) => (said = String(error)),
  );
  await world.runUntil('the page', () => said !== '', MINUTE_MS);
  await world.runFor(SECOND_MS);
  return said;
}
const approve = async (name: string, how = 'approve'): Promise<void> => {
  world.command('upstox', how, appOf(name));
  await world.runFor(5 * SECOND_MS);
};
/** When people were called: by the first word of a message, and by reminders. */
const rings = (from: number, until = Infinity): readonly number[] =>
  world.heard.filter(({ at, rings }) => rings && at >= from && at < until).map(({ at }) => at);
/** The message that a channel was given to say last. */
const lastHeard = (): string => world.heard.at(-1)?.text ?? '';
const opened = (from: number): readonly string[] =>
  world.alerts.filter(({ at, what }) => what === 'opened' && at >= from).map(({ code }) => code);

/** Friday until a quarter to ten: everybody has a token but the one who does not answer. */
async function fridayMorning(): Promise<void> {
  await runTo(world, friday('08:05:00'));
  for (const name of ['browser', 'extended']) await logIn(name);
  await approve('asked');
  world.command('upstox', 'reject', appOf('silent'));
  await runTo(world, friday('09:45:00'));
  await logIn('office');
}

describe('a Friday', () => {
  test('asks at 08:00, each person once, and office people when they are there', async () => {
    await runTo(world, friday('07:59:50'));
    expect(world.calls()).toEqual([]);
    expect(world.alerts).toEqual([]);
    for (const name of names) {
      expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: 'asked_later' });
    }
    await runTo(world, friday('08:00:05'));
    for (const name of ['asked', 'silent']) {
      expect(requests(name)).toHaveLength(1);
      expect((requests(name)[0] ?? 0) - friday('08:00:00')).toBeLessThan(2 * SECOND_MS);
      expect(world.state(name)).toMatchObject({
        reason: 'asked',
        expiresAt: new Date(saturday('03:30:00')).toISOString(),
      });
    }
    const atEight = world.openIncidents().flatMap(({ accounts }) => accounts);
    expect(atEight.toSorted()).toEqual(['asked', 'browser', 'extended', 'silent']);
    await runTo(world, friday('09:31:00'));
    expect(world.openIncidents().flatMap(({ accounts }) => accounts)).toContain('office');
    // Reminders go to people's channels: no phone rings again.
    await runTo(world, friday('23:00:00'));
    expect([requests('asked'), requests('silent')].map(({ length }) => length)).toEqual([1, 1]);
    expect(world.calls()).toHaveLength(2);
  });

  test('serves what it gets to 03:30 on Saturday, and asks nobody on the weekend', async () => {
    await fridayMorning();
    const there = names.filter((name) => world.token(name) !== undefined);
    expect(there).toEqual(['browser', 'extended', 'office', 'asked']);
    expect(world.token('extended:extended')).toBeDefined();
    expect(world.token('browser:extended')).toBeUndefined();
    await runTo(world, saturday('03:30:00') - 1);
    expect(there.flatMap((name) => gaps.of(name))).toEqual([]);
    await runTo(world, saturday('03:31:00'));
    for (const name of there) expect(gaps.of(name).map(({ from }) => from)).toEqual([saturday('03:30:00')]);
    for (const name of names) {
      const reason = name === 'silent' ? 'approval_lapsed' : 'asked_later';
      // Whoever logs in next has until Tuesday: no deadline lies behind.
      const expiresAt = new Date(tuesday('03:30:00')).toISOString();
      expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason, expiresAt });
    }
    // The year's token does not end with the day.
    expect(world.token('extended:extended')).toBeDefined();
    const before = world.calls().length;
    await runTo(world, monday('07:59:50'));
    expect(world.calls()).toHaveLength(before);
    expect(opened(saturday('03:31:00'))).toEqual([]);
    expect(rings(saturday('00:00:00'))).toEqual([]);
    await runTo(world, monday('08:00:05'));
    for (const name of ['asked', 'silent']) expect(requests(name)).toHaveLength(2);
    expect(opened(monday('08:00:00'))).toEqual(['awaiting_approval_2026_01_19']);
    await world.runFor(5 * SECOND_MS);
    expect(rings(monday('07:00:00'))).toHaveLength(1);
  });

  test('reminds by day, at hours at which people are there, and of each account by its own', async () => {
    await runTo(world, saturday('03:29:00'));
    const times = rings(friday('07:00:00')).map((at) =>
      new Date(at + 5.5 * HOUR_MS).toISOString().slice(11, 16),
    );
    expect(times).toEqual(['08:00', '09:00', '12:00']);
    const links = world.openIncidents().flatMap((each) => Object.keys(each.links));
    expect(links.toSorted()).toEqual(names.toSorted());
  });

  test('that begins in the night calls nobody before Monday, and a token killed at night neither', async () => {
    await runTo(world, friday('22:25:00'));
    for (const name of ['browser', 'extended']) await logIn(name);
    await runTo(world, friday('22:30:00'));
    await approve('asked');
    world.command('upstox', 'reject', appOf('silent'));
    await runTo(world, saturday('00:40:00'));
    world.command('upstox', 'change-ip', userOf('browser'));
    await world.runUntil('the proof', () => world.token('browser') === undefined, 31 * MINUTE_MS);
    await world.runFor(5 * SECOND_MS);
    expect(world.openIncidents()).toContainEqual(
      expect.objectContaining({ code: 'died_early', level: 'warning', accounts: ['browser'] }),
    );
    await runTo(world, monday('07:59:50'));
    expect(rings(saturday('00:00:00'))).toEqual([]);
    expect(world.heard.some(({ code, rings: calls }) => code === 'died_early' && !calls)).toBe(true);
  });

  test('asks nobody after a restart in the night, and nobody twice after one by day', async () => {
    await fridayMorning();
    await runTo(world, friday('11:00:00'));
    const token = world.token('browser');
    await restart(world);
    await runTo(world, saturday('02:00:00'));
    expect(world.token('browser')).toBe(token);
    await restart(world);
    await runTo(world, saturday('04:00:00'));
    await restart(world);
    await runTo(world, saturday('12:00:00'));
    expect([requests('asked'), requests('silent')].map(({ length }) => length)).toEqual([1, 1]);
    expect(world.calls({ operation: 'exchange' })).toHaveLength(3);
    expect(opened(friday('11:00:00')).filter((code) => code.startsWith('awaiting'))).toEqual([]);
  });
});

describe('a token by day', () => {
  test('that dies at noon is found by the half-hour proof, withdrawn and said; nobody is asked twice', async () => {
    await fridayMorning();
    await runTo(world, friday('12:00:00'));
    world.command('upstox', 'change-ip', userOf('asked'));
    await world.runUntil('the proof', () => world.token('asked') === undefined, 31 * MINUTE_MS);
    expect(world.state('asked')).toMatchObject({ state: 'awaiting_approval' });
    await world.runFor(10 * SECOND_MS);
    expect(opened(friday('12:00:00'))).toEqual(['died_early']);
    expect(rings(friday('12:00:01'))).toHaveLength(1);
    expect(lastHeard()).toContain('no longer honours the token');
    expect(lastHeard()).toMatch(/What (?:you|asked) can do: http\S+\/oauth\/upstox\/asked\?ticket=/);
    expect(
      world.events
        .filter(({ at, event }) => at > friday('12:00:00') && event['username'] === 'asked')
        .map(({ event }) => event['event']),
    ).toEqual(['expired']);
    for (const other of ['browser', 'extended', 'office']) expect(gaps.of(other)).toEqual([]);
    await world.runFor(2 * HOUR_MS);
    expect(requests('asked')).toHaveLength(1);
    await logIn('asked');
    expect(world.state('asked')).toMatchObject({ state: 'fresh' });
    expect(world.openIncidents().flatMap(({ accounts }) => accounts)).not.toContain('asked');
  });

  test('is not thrown away for service hours, 429, a server that fails or a page in front of it', async () => {
    await fridayMorning();
    const before = ['browser', 'extended', 'office', 'asked'].map((name) => world.token(name));
    const troubles = [
      { kind: 'status', status: 423 },
      { kind: 'status', status: 429 },
      { kind: 'status', status: 500 },
      { kind: 'html', status: 502 },
      { kind: 'html', status: 429 },
      { kind: 'drop' },
      { kind: 'stall' },
    ] as const;
    for (const trouble of troubles) {
      const { remove } = world.fault({ broker: 'upstox', ...trouble });
      await world.runFor(40 * MINUTE_MS);
      remove();
    }
    await world.runFor(10 * MINUTE_MS);
    expect(['browser', 'extended', 'office', 'asked'].map((name) => world.token(name))).toEqual(before);
    expect(names.flatMap((name) => gaps.of(name))).toEqual([]);
    expect(world.calls({ operation: 'exchange' })).toHaveLength(3);
    expect(requests('asked')).toHaveLength(1);
    expect(opened(friday('09:46:00')).filter((code) => code === 'died_early')).toEqual([]);
  });
});

describe('the webhook', () => {
  test('takes a late approval, the same notice once, and no forgery; forgeries cost no quota', async () => {
    await fridayMorning();
    const first = world.token('asked');
    for (const kind of ['wrong client', 'wrong user', 'bad times']) {
      const before = profiles();
      world.command('upstox', 'forge', `${appOf('asked')} ${kind}`);
      await world.runFor(5 * SECOND_MS);
      expect([profiles() - before, world.token('asked')]).toEqual([0, first]);
    }
    const before = profiles();
    for (let post = 0; post < 20; post++) world.command('upstox', 'forge', `${appOf('asked')} dead token`);
    await world.runFor(50 * SECOND_MS);
    // The fields are right, so that only a proof tells: six a minute at most.
    expect(profiles() - before).toBeLessThanOrEqual(6);
    expect(world.token('asked')).toBe(first);
    expect(world.state('asked')).toMatchObject({ state: 'fresh' });

    await world.runFor(2 * MINUTE_MS);
    world.setSwitch('upstox', 'webhookDuplicates', 'on');
    const until = profiles();
    await approve('silent', 'approve-late');
    expect(profiles() - until).toBe(1);
    expect(world.state('silent')).toMatchObject({ state: 'fresh' });
    expect(requests('silent')).toHaveLength(1);
  });

  test('takes an approval that comes at night, after its window has lapsed', async () => {
    await fridayMorning();
    await runTo(world, monday('08:05:00'));
    await approve('asked');
    await runTo(world, tuesday('04:00:00'));
    expect(world.state('asked')).toMatchObject({ state: 'awaiting_approval' });
    await approve('asked', 'approve-late');
    expect(world.state('asked')).toMatchObject({ state: 'fresh' });
    await runTo(world, tuesday('12:00:00'));
    // Who has a token is asked for none.
    expect(requests('asked')).toHaveLength(2);
    expect(requests('silent')).toHaveLength(3);
  });
});
