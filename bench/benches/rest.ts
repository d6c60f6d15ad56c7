import type { Bench } from '../bench.ts';
import { usersOf } from '../contestants/contestant.ts';
import { startService } from '../contestants/service.ts';
import { processorMs, residentMb } from '../ground/machine.ts';
import { pause } from '../ground/programs.ts';
import { allPublished, check, holdsTheLatest } from './checks.ts';
import { bytesByKind } from './memory.ts';

const HOUR_S = 3_600;
/** After the last login: what it set off is over, and a sweep has seen all. */
const SETTLE_MS = 35_000;
/** Two sweeps. */
const WATCH_MS = 60_000;
const LOOK_MS = 20;

/** Very many accounts with nothing to do. */
export const rest: Bench = {
  name: 'rest',
  about:
    '100 000 accounts with hour-long tokens, at rest: processor time, memory, how long a sweep holds it up',
  takes: '8 min, most of it their first logins',
  inShort: false,
  run: async (scope) => {
    const users = usersOf(scope.accounts ?? (scope.short ? 5_000 : 100_000));
    await scope.broker.behave({ latencyMs: 0, lifeS: HOUR_S });
    scope.say(`first logins of ${users.length}`);
    const begunAt = performance.now();
    const service = await startService(scope, { way: 'login', users, concurrency: 50 });
    await allPublished(scope, users, service, 1_800_000);
    const filledS = (performance.now() - begunAt) / 1_000;
    await pause(SETTLE_MS);
    scope.say('at rest');
    const calls = (await scope.broker.counts()).logins;
    check(calls === users.length, `${calls} logins of ${users.length}`);
    const [from, redisFrom, at] = [processorMs(service.pid), processorMs(scope.redis.pid), performance.now()];
    let residentMost = 0;
    while (performance.now() - at < WATCH_MS) {
      residentMost = Math.max(residentMost, residentMb(service.pid));
      await pause(1_000);
    }
    const spentMs = performance.now() - at;
    const share = (ms: number): number => (100 * ms) / spentMs;
    const [own, redis] = [processorMs(service.pid) - from, processorMs(scope.redis.pid) - redisFrom];
    const slowestMs = await slowest(service.url);
    check((await scope.broker.counts()).logins === calls, 'it was not at rest');
    await holdsTheLatest(scope, users);
    const bytes = await bytesByKind(scope.redis.client, users.length);
    const tokens = (bytes.get('token') ?? 0) + (bytes.get('auth') ?? 0);
    const all = [...bytes.values()].reduce((sum, each) => sum + each, 0);
    return [
      { what: 'processor time, of a core', unit: '%', value: share(own), target: { most: 5 } },
      {
        what: 'bytes of an account in Redis, beyond token: and auth:',
        unit: 'bytes',
        value: all - tokens,
        target: { most: 2_560 },
      },
      { what: 'resident memory', unit: 'MB', value: residentMost, target: { most: 400 } },
      {
        what: 'longest that a request had to wait (a sweep)',
        unit: 'ms',
        value: slowestMs,
        target: { most: 1_000 },
      },
      { what: "Redis' processor time, of a core", unit: '%', value: share(redis) },
      { what: 'first logins of all', unit: '/s', value: users.length / filledS },
    ];
  },
};

/** The longest that a request waits while a sweep goes over all: asked for apart, as the questions cost time themselves. */
async function slowest(url: string): Promise<number> {
  let slowestMs = 0;
  const begunAt = performance.now();
  while (performance.now() - begunAt < SETTLE_MS) {
    const askedAt = performance.now();
    await (await fetch(`${url}/livez`)).text();
    slowestMs = Math.max(slowestMs, performance.now() - askedAt);
    await pause(LOOK_MS);
  }
  return slowestMs;
}
