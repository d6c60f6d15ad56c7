import type { Bench } from '../bench.ts';
import { usersOf } from '../contestants/contestant.ts';
import { startService } from '../contestants/service.ts';
import { processorMs, residentMb } from '../ground/machine.ts';
import { quantile } from '../ground/numbers.ts';
import { pause } from '../ground/programs.ts';
import { allPublished, check } from './checks.ts';
import { watchTokens } from './watching.ts';

const LIFE_S = 60;
const LATENCY_MS = 300;
/** A token is renewed after 55 to 60 % of its life. */
const PERIOD_S = 0.575 * LIFE_S;
const SPARE = 1.3;

/** The sizing rule: slots = refreshes a second x seconds that one takes, and 30 % more. */
export const slotsFor = (accounts: number): number =>
  Math.max(10, Math.ceil((accounts / PERIOD_S) * (LATENCY_MS / 1_000) * SPARE));

/** Many accounts whose tokens live for a minute. */
export const sixtySeconds: Bench = {
  name: 'sixty-seconds',
  about: `10 000 accounts with tokens of ${LIFE_S} s at a broker of ${LATENCY_MS} ms, one process, five minutes`,
  takes: '7 min',
  inShort: false,
  run: async (scope) => {
    const users = usersOf(scope.accounts ?? (scope.short ? 500 : 10_000));
    const concurrency = slotsFor(users.length);
    await scope.broker.behave({ latencyMs: LATENCY_MS, lifeS: LIFE_S });
    scope.say(`first logins of ${users.length}, ${concurrency} at once`);
    const service = await startService(scope, { way: 'renewal', users, concurrency });
    await allPublished(scope, users, service, 300_000);
    const watch = await watchTokens(scope, users, 'refresher:due:ig');
    const seconds = scope.short ? 45 : 300;
    scope.say(`${seconds} s of renewals`);
    const [from, redisFrom, at] = [processorMs(service.pid), processorMs(scope.redis.pid), performance.now()];
    let residentMost = 0;
    while (performance.now() - at < seconds * 1_000) {
      await watch.look();
      residentMost = Math.max(residentMost, residentMb(service.pid));
      await pause(1_000);
    }
    const spentMs = performance.now() - at;
    const [own, redis] = [processorMs(service.pid) - from, processorMs(scope.redis.pid) - redisFrom];
    watch.stop();
    const { refused, met } = await scope.broker.counts();
    check(refused === 0 && met === 0, `${refused} calls were refused, ${met} met another one`);
    const { missing, dead, readings, lateMs } = watch.seen;
    check(lateMs.length > users.length / 2, `only ${lateMs.length} renewals were seen`);
    const late = (part: number): number => quantile(lateMs, part) - LATENCY_MS;
    scope.note(
      `WORKER_CONCURRENCY ${concurrency} by the sizing rule; ${readings} readings of tokens, ${lateMs.length} renewals`,
    );
    return [
      { what: 'readings without a token', unit: '', value: missing, target: { most: 0 } },
      { what: 'readings of a dead token', unit: '', value: dead, target: { most: 0 } },
      {
        what: "due to published, beside the broker's time: p99",
        unit: 'ms',
        value: late(0.99),
        target: { most: 250 },
      },
      { what: "due to published, beside the broker's time: p50", unit: 'ms', value: late(0.5) },
      { what: 'processor time, of a core', unit: '%', value: (100 * own) / spentMs, target: { most: 35 } },
      { what: 'resident memory', unit: 'MB', value: residentMost, target: { most: 200 } },
      { what: "Redis' processor time, of a core", unit: '%', value: (100 * redis) / spentMs },
      { what: 'renewals', unit: '/s', value: (lateMs.length * 1_000) / spentMs },
    ];
  },
};
