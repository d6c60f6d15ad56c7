import type { Redis } from 'ioredis';
import type { Ledger } from '../core/limits.ts';
import type { NetworkWord } from '../core/network-word.ts';
import type { Network } from '../core/store.ts';
import { keys } from './keys.ts';
import { serverTime } from './replies.ts';
import { keptFailuresIn } from './usage.ts';

/**
 * What Redis knows of an egress at a broker: the silence that was asked of it, dated by Redis' clock as a disk keeps
 * it, and its failed sign-ins. Silences of an API key last a minute, and are left out.
 */
export async function readNetworkWord(
  redis: Redis,
  network: Network,
  ledger: Ledger | undefined,
  now: number,
): Promise<NetworkWord> {
  const [time, [until, code, scope, message], failed, success] = await Promise.all([
    redis.time(),
    redis.hmget(keys.silence(network), 'until', 'code', 'scope', 'message'),
    ledger &&
      redis.zrange(
        keys.budget(network.broker, ledger),
        `(${now - ledger.windowMs}`,
        '+inf',
        'BYSCORE',
        'WITHSCORES',
      ),
    ledger && redis.get(`${keys.budget(network.broker, ledger)}:success`),
  ]);
  const endsAt = Number(until ?? 0);
  return {
    silence:
      endsAt > serverTime(time, now)
        ? {
            until: endsAt,
            code: code ?? 'unknown',
            scope: scope === 'broker' ? 'broker' : 'egress',
            ...(message && { message }),
          }
        : undefined,
    failed: keptFailuresIn(failed),
    succeededAt: Number(success ?? 0),
  };
}
