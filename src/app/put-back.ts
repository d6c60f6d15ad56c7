import type { Redis } from 'ioredis';
import pLimit from 'p-limit';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { DueIndex } from '../redis/due.ts';
import { keys } from '../redis/keys.ts';
import { ORIGIN_FIELDS, readOrigin, readPause } from '../redis/record.ts';
import { strings } from '../redis/replies.ts';
import type { Keeper } from '../tending/parts.ts';

export interface PutBackParts {
  readonly redis: Redis;
  readonly keeper: Pick<Keeper, 'doubt' | 'isBehind' | 'putBack'>;
  readonly due: Pick<DueIndex, 'put'>;
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
/** So many times in a row it may come and go before a look begins all the same, and fails by itself. */
const MOST_WAITS = 4;

/**
 * Whatever went back in time (a failover to a replica that lagged, a machine that lost power), of these accounts:
 * publishes again what this process knows to be newer, and resolves with the names that it could not. Another process
 * knows of a rotation only that its refresh token is spent, and would have to sign in: so who knows does not wait for
 * whoever takes the account's next look. Throws where Redis fails.
 */
export async function putBack(
  { redis, keeper, log }: Omit<PutBackParts, 'accounts' | 'due' | 'clock'>,
  accounts: readonly Account[],
): Promise<readonly Account[]> {
  const left: Account[] = [];
  const limit = pLimit(WRITES_AT_ONCE);
  for (let i = 0; i < accounts.length; i += RECORDS_AT_ONCE) {
    const batch = accounts.slice(i, i + RECORDS_AT_ONCE);
    const read = redis.pipeline();
    for (const { name } of batch) read.hmget(keys.record(name), ...ORIGIN_FIELDS, 'paused');
    const replies = (await read.exec()) ?? [];
    const behind = batch.filter(({ name }, j) => {
      const [error, found] = replies[j] ?? [];
      if (error) throw error;
      const [generation, origin, paused] = strings(found);
      return keeper.isBehind(name, readOrigin(generation, origin), readPause(paused));
    });
    await limit.map(behind, async (account) => {
      // One that cannot be written is the sweep's; the others are not to wait for it.
      if (await keeper.putBack(account.name).catch(() => false)) {
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
 * different times, up to the longest wait between two tries to connect: until all had theirs, no look begins. Then every
 * account is looked at: what the disk knows of it (a pause, a logout, a verdict) holds again. Before `begin` nothing is
 * written: nobody has judged yet whose Redis it is.
 */
export function putBackAfterLoss(parts: PutBackParts): Settling & { begin(): void } {
  const { redis, keeper, accounts, due, clock, log } = parts;
  let quiet: Promise<void> = Promise.resolve();
  let isLost = false;
  let hasBegun = false;
  const putAllBack = async (): Promise<void> => {
    const enabled = accounts.all().filter((account) => account.enabled);
    try {
      await putBack(parts, enabled);
      for (const [broker, group] of Map.groupBy(enabled, (account) => account.broker)) {
        await due.put(
          broker,
          group.map(({ name }) => name),
          clock.now(),
        );
      }
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
    if (!hasBegun) return;
    void putAllBack();
    quiet = clock.sleep(SETTLE_MS);
  });
  return {
    async settled() {
      // A failover is often left and found twice: the last time counts.
      let waited: Promise<void> | undefined;
      for (let times = 0; waited !== quiet && times < MOST_WAITS; times += 1) {
        waited = quiet;
        await waited;
      }
    },
    begin() {
      hasBegun = true;
    },
  };
}
