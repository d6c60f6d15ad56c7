import { expect } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import type { ErrorScope } from '../../../src/core/errors.ts';
import { issuedIn, sentTwice } from '../truth.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type Scene, type Sent, type Signal } from './scene.ts';

/** What the service does after a signal: in words for the table, and as it is checked over simulated time. */
export interface Next {
  readonly says: string;
  check(scene: Scene, signal: Signal): Promise<void>;
}

/** How long the schedule may take to notice what is due, with the way there and back, ms. */
export const NOTICE_MS = 1_500;
/** Once a token is dead nobody waits longer than this for the next try, ms. */
const DEAD_RETRY_MS = 30 * SECOND_MS;

export const operations = (sent: readonly Sent[]): readonly string[] =>
  sent.map(({ operation }) => operation);

/** How far apart calls of one operation were sent, ms. */
const apart = (sent: readonly Sent[]): readonly number[] =>
  sent.slice(1).map(({ afterMs }, i) => afterMs - (sent[i]?.afterMs ?? 0));

/** A live token, nothing open, and nothing that was sent twice though it may be sent once. */
export function expectWell(scene: Scene): void {
  const { world, name } = scene;
  expect(world.state(name)).toMatchObject({ state: 'fresh', reason: '' });
  expect(world.token(name)).toBeDefined();
  // What a limit by the minute has brought is said to be over once it has not come again for long.
  expect(world.openIncidents().filter(({ endsAt }) => endsAt === undefined)).toEqual([]);
  expect(sentTwice(scene.sent().map(({ call }) => call))).toEqual([]);
}

/** The token that was served to begin with was served to its end (ms). */
export function expectKept(scene: Scene, end: number): void {
  for (const { from } of scene.gaps()) expect(from).toBeGreaterThanOrEqual(end - 1);
}

/** Only a person helps: not one call more, and one alert. */
export const stops = (code: string, calls: readonly string[], hours: number): Next => ({
  says: `${calls.join(' and ')} once in ${hours} h and a restart, stopped, one alert`,
  async check(scene) {
    const { world, name } = scene;
    const end = scene.servedUntil();
    const expectStopped = (): void => {
      expect(operations(scene.sent())).toEqual(calls);
      expect(world.state(name)).toMatchObject({ state: 'stopped', reason: code });
      expect(scene.opened()).toEqual([`${code} critical`]);
      expect(world.openIncidents().map((each) => each.accounts)).toEqual([[name]]);
    };
    await world.runFor(hours * HOUR_MS);
    expectStopped();
    await scene.restart();
    await world.runFor(10 * MINUTE_MS);
    expectStopped();
    expect(scene.events().filter((event) => event === 'failed')).toHaveLength(1);
    expect(world.token(name)).toBeUndefined();
    expectKept(scene, end);
  },
});

/** The password is not in doubt: one login follows at once, and bots notice nothing. */
export const signsInAtOnce = (signIn: string, lifeMs: number, sickMs = 0): Next => ({
  says: 'one login at once, no moment without a token, no alert',
  async check(scene, signal) {
    const { world } = scene;
    await world.runFor(sickMs);
    scene.heal();
    await world.runFor(2 * lifeMs);
    const sent = scene.sent();
    const first = sent.findIndex(({ call }) => call.n === signal.call.n);
    const login = sent.slice(first).find(({ operation }) => operation === signIn);
    expect((login?.call.startedAt ?? 0) - signal.line.at).toBeLessThan(NOTICE_MS);
    // Each refusal costs one login, and what worked costs none.
    const refused = sent.filter(({ operation, call }) => operation === signal.call.operation && isLost(call));
    expect(operations(sent).filter((each) => each === signIn)).toHaveLength(refused.length);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual([]);
    expectWell(scene);
  },
});

/** No token came of it. */
const isLost = (call: Sent['call']): boolean => call.fault !== undefined || issuedIn(call, 0).length === 0;

/** The broker failed, and nothing is known to be wrong with the account. */
export const triesAgain = (code: string, first: string, sickMs = 10 * MINUTE_MS): Next => ({
  says: `again after 2 to 30 s while it lasts, within 30 s once it is over; one alert`,
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(sickMs);
    const tries = scene.sent(first);
    expect(tries.length).toBeGreaterThan(sickMs / DEAD_RETRY_MS);
    expect(Math.min(...apart(tries))).toBeGreaterThanOrEqual(2 * SECOND_MS);
    expect(Math.max(...apart(tries))).toBeLessThan(DEAD_RETRY_MS + 2 * NOTICE_MS);
    expect(world.state(name)).toMatchObject({ state: 'backing_off', reason: code });
    expect(scene.opened()).toEqual([`${code} warning`]);
    scene.heal();
    const healedAt = world.now();
    await world.runUntil('a token', () => world.token(name) !== undefined, DEAD_RETRY_MS + 2 * NOTICE_MS);
    expect(scene.sent(first).filter(({ call }) => call.startedAt >= healedAt)).toHaveLength(1);
    expect(scene.opened()).toHaveLength(1);
    expectWell(scene);
  },
});

/** The password may have counted as a failed one: a few tries, then slowly, and never stopped. */
export const paces = (code: string, signIn: string, ledgerPaceMs: number): Next => ({
  says: `again after 5 to 30 s, three times; then by the ledger, then each 15 min; a token at the first try that works`,
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(62 * MINUTE_MS);
    const gaps = apart(scene.sent(signIn));
    const callMs = 10 * SECOND_MS;
    const [one = 0, two = 0, third = 0, ...rest] = gaps;
    for (const gap of [one, two]) {
      expect(gap).toBeGreaterThanOrEqual(5 * SECOND_MS);
      expect(gap).toBeLessThan(DEAD_RETRY_MS + callMs);
    }
    expect(Math.abs(third - ledgerPaceMs)).toBeLessThan(callMs);
    expect(rest.length).toBeGreaterThan(1);
    for (const gap of rest) expect(Math.abs(gap - 15 * MINUTE_MS)).toBeLessThan(callMs);
    expect(world.state(name)['state']).toBe('backing_off');
    // Without a token, what holds its logins back is urgent.
    expect(scene.opened()).toEqual([`${code} warning`, 'budget_spent critical']);
    scene.heal();
    await world.runUntil('a token', () => world.token(name) !== undefined, 15 * MINUTE_MS + callMs);
    expect(scene.sent(signIn)).toHaveLength(gaps.length + 2);
    expectWell(scene);
  },
});

/** The same where only the first was not answered. */
export const signsInAgain = (code: string, calls: readonly string[], lifeMs: number): Next => ({
  says: 'one more login after 5 to 30 s, a token, the alert closed',
  async check(scene, { line }) {
    const { world, name } = scene;
    scene.heal();
    await world.runUntil('a token', () => world.token(name) !== undefined, DEAD_RETRY_MS + 2 * NOTICE_MS);
    expect(operations(scene.sent())).toEqual(calls);
    const again = scene.sent().at(-1)?.call.startedAt ?? 0;
    expect(again - line.at).toBeGreaterThanOrEqual(5 * SECOND_MS);
    expect(scene.opened()).toEqual([`${code} warning`]);
    expectWell(scene);
    await world.runFor(2 * lifeMs);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  },
});

/** How loud a wait is said: with a token for twice as long, with less, and without one. */
function levelOf(leftMs: number, waitMs: number): string {
  if (leftMs <= 0) return waitMs > MINUTE_MS ? 'critical' : 'warning';
  return waitMs <= leftMs / 2 ? 'notice' : 'warning';
}

export interface Quiet {
  readonly code: string;
  readonly scope: ErrorScope;
  readonly retryAfterMs: number;
  /** Another account on the same network and key. */
  readonly neighbour: RawEntry;
  /** Which call may come when it is over: another one where the token died meanwhile. */
  readonly then: readonly string[];
  /** False: the signal is the broker's own state, which the wait alone has to end. */
  readonly heals?: boolean;
}

/** Nobody whom it concerns calls before the time is over; then one call goes out. */
export const keepsQuiet = (quiet: Quiet): Next => {
  const { code, scope, retryAfterMs, neighbour, then, heals = true } = quiet;
  const whole = scope !== 'account';
  const asks =
    retryAfterMs >= MINUTE_MS ? `${retryAfterMs / MINUTE_MS} min` : `${retryAfterMs / SECOND_MS} s`;
  return {
    says: `no call of ${whole ? `anybody on the ${scope === 'key' ? 'key' : 'network'}` : 'this account'} for ${asks}, then one`,
    async check(scene, { line, call }) {
      const { world, name } = scene;
      const end = scene.servedUntil();
      if (heals) scene.heal();
      await scene.add(neighbour);
      const other = String(neighbour.name ?? neighbour.username);
      // What the answer asked for counts from when it came.
      const until = line.at + retryAfterMs;
      await world.runFor(until - NOTICE_MS - world.now());
      const early = world.calls({ after: call.n }).filter(({ broker }) => broker === scene.broker);
      expect(early.map(({ username }) => username)).toEqual(
        whole ? [] : early.map(() => neighbour.username ?? neighbour.userId),
      );
      expect(world.token(other) === undefined).toBe(whole);
      expect(scene.opened()[0]).toBe(`${code} ${levelOf(end - line.at, retryAfterMs)}`);
      expectKept(scene, end);
      const isWell = (each: string): boolean => world.state(each)['state'] === 'fresh';
      await world.runUntil('both tokens', () => isWell(name) && isWell(other), 2 * MINUTE_MS);
      const [next, ...more] = scene.sent().filter(({ call: { startedAt } }) => startedAt > line.at);
      expect(then).toContain(next?.operation);
      expect(next?.call.startedAt).toBeGreaterThanOrEqual(until - 1);
      expect(next?.call.startedAt).toBeLessThan(until + 2 * NOTICE_MS + 2 * SECOND_MS);
      expect(operations(more)).not.toContain(next?.operation);
      expectWell(scene);
    },
  };
};

/** The call may be made again: the old token is good until then. */
export const comesLater = (
  code: string,
  calls: readonly string[],
  within: readonly [leastMs: number, mostMs: number],
): Next => ({
  says: `${calls.slice(1).join(' and ')} after ${within[0] / SECOND_MS} to ${within[1] / SECOND_MS} s, no moment without a token`,
  async check(scene, { line }) {
    const { world } = scene;
    scene.heal();
    await world.runFor(within[1] + NOTICE_MS);
    expect(operations(scene.sent())).toEqual(calls);
    const waited = (scene.sent()[1]?.call.startedAt ?? 0) - line.at;
    expect(waited).toBeGreaterThanOrEqual(within[0]);
    expect(waited).toBeLessThan(within[1] + NOTICE_MS);
    // There is time for it, so that nobody is called.
    expect(scene.opened()).toEqual([`${code} notice`]);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  },
});

/** It may have been closed at the broker: a read tells, and then the renewal or a login follows. */
export const provesFirst = (calls: readonly string[], within: number): Next => ({
  says: `one proof at once, then ${calls.at(-1) ?? ''}; no moment without a token, no alert`,
  async check(scene, { line }) {
    const { world } = scene;
    await world.runFor(within + NOTICE_MS);
    scene.heal();
    expect(operations(scene.sent())).toEqual(calls);
    expect((scene.sent()[1]?.call.startedAt ?? 0) - line.at).toBeLessThan(NOTICE_MS);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual([]);
    expectWell(scene);
  },
});
