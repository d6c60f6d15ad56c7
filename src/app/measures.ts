import type { Redis } from 'ioredis';
import type { Broker, Limit } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { budgetsOfEgress } from '../core/limits.ts';
import type { Picture } from '../metrics/metrics.ts';
import type { DueIndex } from '../redis/due.ts';
import type { Roster } from '../redis/roster.ts';
import { readFacts } from '../redis/statuses.ts';
import type { TokenStore } from '../core/store.ts';
import { readUsage } from '../redis/usage.ts';

export interface MeasureParts {
  readonly redis: Redis;
  readonly roster: Roster;
  readonly due: DueIndex;
  readonly store: Pick<TokenStore, 'downUntil'>;
  readonly brokers: readonly Broker[];
  readonly limits: (broker: string) => readonly Limit[];
  readonly egress: string;
  readonly clock: Clock;
}

/** What a scrape shows, read from Redis. Rejects where Redis is away. */
export async function measure(parts: MeasureParts): Promise<Picture> {
  const { redis, clock, egress } = parts;
  const now = clock.now();
  const entries = [...(await parts.roster.read())];
  const served = Map.groupBy(
    entries.filter(([, { enabled }]) => enabled),
    ([, { broker }]) => broker,
  );
  let withoutNextAction = 0;
  for (const [broker, group] of served) {
    const names = group.map(([name]) => name);
    withoutNextAction += (await parts.due.missing(broker, names)).length;
  }
  const counted = parts.brokers.flatMap(({ name }) =>
    budgetsOfEgress(parts.limits(name), egress).map((budget) => ({ broker: name, budget })),
  );
  const usage = await readUsage(redis, counted, now);
  const down = parts.brokers.map(
    async ({ name }) => [name, await parts.store.downUntil({ broker: name, egress })] as const,
  );
  return {
    now,
    facts: await readFacts(redis, entries),
    withoutNextAction,
    budgets: counted.map(({ broker, budget }, i) => ({
      broker,
      limit: budget.limit,
      left: Math.max(0, budget.max - (usage[i]?.length ?? 0)),
    })),
    downUntil: new Map(await Promise.all(down)),
  };
}
