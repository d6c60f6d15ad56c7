import type { Redis } from 'ioredis';
import pLimit from 'p-limit';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { keys } from '../redis/keys.ts';
import type { Keeper } from '../tending/parts.ts';

export interface PutBackParts {
  readonly redis: Redis;
  readonly keeper: Pick<Keeper, 'doubt' | 'isBehind' | 'putBack'>;
  readonly accounts: { all(): readonly Account[] };
  readonly clock: Clock;
  readonly log: Log;
}

/** So many records are read at once: more would hold up everything else. */
const RECORDS_AT_ONCE = 500;
/** So many tokens are written at once; no broker is called for them. */
const WRITES_AT_ONCE = 10;
/** The longest wait between two tries to connect (1 s), and the time that connecting and putting back take. */
const SETTLE_MS = 2_500;

/**
 * Whatever went back in time (a failover to a replica that lagged, a machine that lost power), of these accounts:
 * publishes again what this process knows to be newer, and resolves with the names that it could not. Another process
 * knows of a rotation only that its refresh token is spent, and would have to sign in: so who knows does not wait for
 * whoever takes the account's next look. Throws where Redis fails.
 */
export async function putBack(
  { redis, keeper, log }: Omit<PutBackParts, 'accounts' | 'clock'>,
  accounts: readonly Account[],
): Promise<readonly Account[]> {
  const left: Account[] = [];
  const limit = pLimit(WRITES_AT_ONCE);
  for (let i = 0; i < accounts.length; i += RECORDS_AT_ONCE) {
    const batch = accounts.slice(i, i + RECORDS_AT_ONCE);
    const read = redis.pipeline();
    for (const { name } of batch) read.hget(keys.record(name), 'generation');
    const replies = (await read.exec()) ?? [];
    const behind = batch.filter(({ name }, j) => {
      const [error, generation] = replies[j] ?? [];
      if (error) throw error;
      return keeper.isBehind(name, Number(generation) || 0);
    });
    await limit.map(behind, async (account) => {
      if (await keeper.putBack(account.name)) {
        log.warn(
          { event: 'token.put-back', account: account.name, broker: account.broker },
          `Redis had lost the newest token of ${account.name}; it was published again.`,
        );
      } else left.push(account);
    });
  }
  return left;
}

/** Before it, a look may ask a Redis that has lost what another process is just putting back. */
export interface Settling {
  /** Resolves at once, or a moment after Redis came back. */
  settled(): Promise<void>;
}

/**
 * Doubts a Redis that was lost, and puts back what it lost as soon as it answers again. Processes find it back at
 * different times, up to the longest wait between two tries to connect: until all had theirs, no look begins.
 */
export function putBackAfterLoss(parts: PutBackParts): Settling {
  const { redis, keeper, accounts, clock, log } = parts;
  let quiet: Promise<unknown> = Promise.resolve();
  let isLost = false;
  const putAllBack = async (): Promise<void> => {
    try {
      await putBack(
        parts,
        accounts.all().filter((account) => account.enabled),
      );
    } catch (error) {
      log.debug(
        { event: 'put-back.failed', error: String(error) },
        'What Redis may have lost could not be put back at once; the next sweep does it.',
      );
    }
  };
  redis.on('close', () => {
    isLost = true;
    keeper.doubt();
  });
  redis.on('ready', () => {
    if (!isLost) return;
    isLost = false;
    quiet = Promise.all([putAllBack(), clock.sleep(SETTLE_MS)]);
  });
  return {
    async settled() {
      await quiet;
    },
  };
}
