import { afterEach, expect, test } from 'vitest';
import { api } from '../../support/rows/tradovate.ts';
import type { BrokerCall } from '../broker-net.ts';
import { makeWorld, type World } from '../world.ts';
import {
  busiest,
  expectAllWell,
  HOUR_MS,
  MINUTE_MS,
  restart,
  runTo,
  SECOND_MS,
  watchGaps,
} from './clockwork.ts';

/* A whole day of logins by `/auth/accesstokenrequest`, which renew: what Tradovate asks for, of a renewal and of a login. */

const MIDNIGHT = Date.UTC(2026, 1, 3);
/** As many as renew within 15 an hour with what is kept in reserve. */
const names = Array.from({ length: 12 }, (_, i) => `USER_${String(i).padStart(2, '0')}`);
const entries = names.map((username) => ({ ...api, username }));
/** Whose session Tradovate closes before a login is to be troubled. */
const [CLOSED = ''] = names;
const RENEW = 'renew';
const LOGIN = 'access-token-request';

/** At which hour which call is answered so, for how long nobody calls then, and whom that is asked of. */
const troubles = [
  { hour: 2, operation: RENEW, throttleWith: 'ticket', silenceMs: 15 * SECOND_MS, isOwn: false },
  { hour: 5, operation: LOGIN, throttleWith: 'ticket', silenceMs: 15 * SECOND_MS, isOwn: false },
  { hour: 8, operation: LOGIN, throttleWith: 'captcha', silenceMs: HOUR_MS, isOwn: false },
  { hour: 11, operation: RENEW, throttleWith: 'captcha', silenceMs: HOUR_MS, isOwn: false },
  { hour: 14, operation: RENEW, throttleWith: '423', silenceMs: HOUR_MS, isOwn: false },
  { hour: 17, operation: LOGIN, throttleWith: '429', silenceMs: HOUR_MS, isOwn: false },
  // On a token it is that user's own limit.
  { hour: 20, operation: RENEW, throttleWith: '429', silenceMs: HOUR_MS, isOwn: true },
] as const;

interface Silence {
  readonly of: string | undefined;
  readonly from: number;
  readonly until: number;
  /** The call that was answered so. */
  readonly call: BrokerCall;
}

let world: World;
afterEach(() => world.stop());

/** Lets the trouble of an hour come, and the processes end in its midst. */
async function meet({
  hour,
  operation,
  throttleWith,
  silenceMs,
  isOwn,
}: (typeof troubles)[number]): Promise<Silence> {
  await runTo(world, MIDNIGHT + hour * HOUR_MS);
  expectAllWell(world, names);
  world.setSwitch('tradovate', 'throttleWith', throttleWith);
  if (operation === LOGIN) world.command('tradovate', 'expire-all', CLOSED);
  const from = world.calls().length;
  world.fault({ broker: 'tradovate', operation, kind: 'throttle', times: 1 });
  const signal = (): BrokerCall | undefined =>
    world.calls({ after: from }).find(({ fault }) => fault === 'throttle');
  await world.runUntil(
    `the answer of ${hour} o'clock`,
    () => signal()?.deliveredAt !== undefined,
    80 * MINUTE_MS,
  );
  const call = signal();
  const at = call?.deliveredAt ?? 0;
  await world.runFor(20 * MINUTE_MS);
  await restart(world);
  await world.startReplica();
  if (!call) throw new Error(`no call at ${hour} o'clock`);
  return { of: isOwn ? call.username : undefined, from: at, until: at + silenceMs, call };
}

const body = (call: BrokerCall | undefined): Readonly<Record<string, unknown>> =>
  JSON.parse(call?.request.body ?? '{}') as Readonly<Record<string, unknown>>;

test('twelve API logins, two replicas: tickets, captchas, 423 and 429 at renewals and logins, and restarts', async () => {
  world = await makeWorld({ entries, replicas: 2, startAt: MIDNIGHT, sweepEveryMs: 10 * MINUTE_MS });
  const gaps = watchGaps(world, names);
  const silences: Silence[] = [];
  for (const trouble of troubles) silences.push(await meet(trouble));
  await runTo(world, MIDNIGHT + 24 * HOUR_MS);
  expectAllWell(world, names);

  // No call in any of the silences; who had sent already when the answer came is not called back.
  for (const { of, from, until } of silences) {
    const within = world
      .calls()
      .filter(
        ({ startedAt, username }) =>
          startedAt > from + SECOND_MS && startedAt < until && username === (of ?? username),
      );
    expect(within).toEqual([]);
  }
  // Others are not held up by one user's own limit.
  const own = silences.find(({ of }) => of !== undefined);
  const others = world
    .calls()
    .filter(({ startedAt }) => startedAt > (own?.from ?? 0) && startedAt < (own?.until ?? 0));
  expect(new Set(others.map(({ username }) => username)).size).toBeGreaterThan(names.length / 2);

  // A gap is there only where a token ended within a silence, and is over soon after it.
  for (const name of names) {
    for (const gap of gaps.of(name)) {
      const silence = silences.find(
        ({ of, from, until }) => name === (of ?? name) && gap.from >= from && gap.from <= until + MINUTE_MS,
      );
      expect(silence).toBeDefined();
      expect(gap.until - (silence?.until ?? 0)).toBeLessThan(3 * MINUTE_MS);
    }
  }

  // The ticket of a login goes back once, with the identical body.
  const [, penalised] = silences;
  const answered = world.calls({ operation: LOGIN, after: penalised?.call.n ?? 0 })[0];
  const { 'p-ticket': ticket, ...again } = body(answered);
  expect(ticket).toMatch(/./);
  expect(again).toEqual(body(penalised?.call));
  expect((answered?.startedAt ?? 0) - (penalised?.until ?? 0)).toBeLessThan(3 * SECOND_MS);

  // What was refused: the troubles, and the renewals of a closed session. A login each follows, and one each at first.
  const closed = troubles.filter(({ operation }) => operation === LOGIN).length;
  const refused = world.calls().filter(({ status, fault }) => fault !== undefined || status !== 200);
  expect(refused).toHaveLength(troubles.length + closed);
  // Where a token died in an hour of silence a login follows, too: its session cannot be renewed any more.
  const died = names.flatMap((name) => gaps.of(name)).length;
  const logins = world.calls({ operation: LOGIN }).length;
  expect(logins).toBeGreaterThanOrEqual(names.length + 2 * closed);
  expect(logins).toBeLessThanOrEqual(names.length + 2 * closed + died);
  expect(busiest(world.calls({ operation: RENEW }), HOUR_MS)).toBeLessThanOrEqual(15);
  for (const name of names)
    expect(world.command('tradovate', 'sessions', name)).toMatchObject({
      alive: expect.toSatisfy((alive: number) => alive <= 2) as unknown,
    });
  expect(new Set(world.alerts.map(({ code }) => code))).toEqual(
    new Set(['time_penalty', 'captcha', 'lockout_near', 'rate_limited']),
  );
});
