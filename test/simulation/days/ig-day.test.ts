import { afterEach, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import type { BrokerCall } from '../broker-net.ts';
import { makeWorld, type World } from '../world.ts';
import { busiest, expectAllWell, HOUR_MS, MINUTE_MS, runTo, SECOND_MS, watchGaps } from './clockwork.ts';

/* A whole day of a desk at IG: a Friday evening, the weekend's maintenance, and the Saturday after it. */

const EVENING = Date.UTC(2026, 1, 6, 20);
const END = EVENING + 24 * HOUR_MS;
/** IG names no hours: the markets close on Friday at 22:00 UTC. */
const CLOSED = { from: EVENING + 2 * HOUR_MS, until: EVENING + 8 * HOUR_MS };
/** While a broker is down one account asks for all this often at least. */
const PILOT_MS = 26 * SECOND_MS;
/** A login that the broker failed at many times in a day waits for so long at most. */
const PACED_MS = MINUTE_MS;
/** At odd moments of an access token's minute. */
const LOOK_EVERY_MS = 7 * MINUTE_MS + 11 * SECOND_MS;

const login = (username: string, more: object = {}): RawEntry => ({
  broker: 'ig',
  username,
  password: 'made-up',
  apiKey: `key-demo-${username}`,
  ...more,
});
const pairs = [login('pair', { session: 'v2' }), login('sealed', { session: 'v2', encryptPassword: true })];
const entries = [login('oauth_0'), login('oauth_1'), login('stream', { streaming: true }), ...pairs];
const namesOf = (some: readonly RawEntry[]): readonly string[] =>
  some.map(({ username }) => String(username));
const names = namesOf(entries);
const pairNames = namesOf(pairs);

let world: World;
afterEach(() => world.stop());

/** As a bot does: is all that stands in `meta:` honoured? */
async function isHonoured(name: string): Promise<boolean> {
  const { headers = '{}', streaming = '{}' } = world.meta(name);
  for (const text of streaming === '{}' ? [headers] : [headers, streaming]) {
    const fields: unknown = JSON.parse(text);
    const own: [string, string][] = Object.entries(fields ?? {}).map(([field, value]) => [
      field.toLowerCase(),
      String(value),
    ]);
    const answer = await world.visit(`${world.setting('IG_API_URL') ?? ''}/session`, {
      headers: { 'x-ig-api-key': `key-demo-${name}`, ...Object.fromEntries(own) },
    });
    if (answer.status !== 200) return false;
  }
  return true;
}

/** Lets time pass, and reads as bots do. -> who read tokens that were dead */
async function readTo(instant: number): Promise<readonly string[]> {
  const dead: string[] = [];
  while (world.now() < instant) {
    await runTo(world, Math.min(instant, world.now() + LOOK_EVERY_MS));
    for (const name of names) {
      if (world.token(name) !== undefined && !(await isHonoured(name))) dead.push(name);
    }
  }
  return dead;
}

test('a day with six hours of maintenance: nothing dead is read, and no login but those that tokens need', async () => {
  world = await makeWorld({ entries, startAt: EVENING, sweepEveryMs: 30 * MINUTE_MS });
  const gaps = watchGaps(world, names);
  expect(await readTo(CLOSED.from)).toEqual([]);
  expectAllWell(world, names);
  expect(world.alerts).toEqual([]);

  world.command('ig', 'maintenance', 'on');
  // A page tells nothing of a pair of headers, which is served to its end: nobody could use another.
  expect((await readTo(CLOSED.until)).filter((name) => !pairNames.includes(name))).toEqual([]);
  // Before a password goes out a harmless call is answered; one goes without after five minutes, then later and later.
  const within = ({ startedAt }: BrokerCall): boolean =>
    startedAt > CLOSED.from + MINUTE_MS && startedAt < CLOSED.until;
  const vain = world.calls({ operation: 'login' }).filter(within);
  expect(busiest(vain, 5 * MINUTE_MS)).toBeLessThanOrEqual(1);
  expect(vain.length).toBeLessThanOrEqual(8);
  expect(vain.filter(({ status }) => status !== 503)).toEqual([]);
  expect(world.calls().filter(within).length).toBeLessThanOrEqual(
    (CLOSED.until - CLOSED.from) / (9 * SECOND_MS),
  );

  world.command('ig', 'maintenance', 'off');
  const closed = world.calls().length;
  await runTo(world, CLOSED.until + PACED_MS + PILOT_MS);
  const logins = world.calls({ after: closed, operation: 'login' });
  expect(logins.map(({ username }) => username).toSorted()).toEqual(names.toSorted());
  // One at first, then twice as many with each that has worked.
  for (const { startedAt } of logins) {
    const begun = logins.filter((other) => other.startedAt <= startedAt).length;
    const worked = logins.filter(({ deliveredAt = END }) => deliveredAt <= startedAt).length;
    expect(begun - worked).toBeLessThanOrEqual(2 ** worked);
  }
  expect(await readTo(END)).toEqual([]);
  expectAllWell(world, names);

  for (const name of names) {
    // One gap, which begins with the old token's end and is over with the next login.
    const [gap, ...others] = gaps.of(name);
    expect(others).toEqual([]);
    expect(gap?.from).toBeGreaterThanOrEqual(CLOSED.from);
    expect(gap?.until).toBeLessThanOrEqual(CLOSED.until + PACED_MS + PILOT_MS);
    // One login at the start and one after the maintenance; pairs are replaced three times more, each after 4.5 to 4.8 h.
    const sent = world.calls({ operation: 'login', username: name });
    const opened = sent.filter((each) => !within(each)).map(({ status }) => status);
    expect(opened).toEqual(pairNames.includes(name) ? [200, 200, 200, 200, 200] : [200, 200]);
  }
  const told = world.alerts.map(({ code, what }) => `${code} ${what}`);
  expect(told.toSorted()).toEqual(['server_fault closed', 'server_fault opened']);
});
