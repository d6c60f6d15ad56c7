import type { Redis } from 'ioredis';
import type { Account } from '../core/account.ts';
import type { Broker } from '../core/broker.ts';
import type { Limit } from '../core/limit.ts';
import type { Clock } from '../core/clock.ts';
import { budgetsOfEgress, budgetsOfKeys, ledgerOf, type Budget, type KeyInUse } from '../core/limits.ts';
import type { CensusTaker } from '../metrics/census.ts';
import type { ChannelHealth, Picture } from '../metrics/picture.ts';
import { readGround } from '../redis/ground.ts';

export interface MeasureParts {
  readonly redis: Redis;
  readonly census: Pick<CensusTaker, 'latest'>;
  readonly channels: () => Promise<readonly ChannelHealth[]>;
  readonly accounts: () => readonly Account[];
  readonly brokers: readonly Broker[];
  readonly limits: (broker: string) => readonly Limit[];
  /** An account's API key, as its limits are counted by it. */
  readonly keyOf: (key: string) => string;
  readonly egress: string;
  readonly clock: Clock;
}

/** More API keys than this are not looked at one by one: a scrape must stay cheap. */
const MOST_KEYS = 500;

/** What a scrape shows, read from Redis. Rejects where Redis is away. */
export async function measure(parts: MeasureParts): Promise<Picture> {
  const { clock, egress } = parts;
  const names = parts.brokers.map(({ name }) => name);
  const budgets = names.flatMap((broker) => budgetsToShow(parts, broker));
  const now = clock.now();
  const [census, ground, channels] = await Promise.all([
    parts.census.latest(),
    readGround(parts.redis, {
      brokers: names.map((broker) => partsInUse(parts, broker)),
      egress,
      budgets,
      now,
    }),
    parts.channels(),
  ]);
  const least = new Map<string, Picture['budgets'][number]>();
  for (const [i, { broker, budget }] of budgets.entries()) {
    const left = Math.max(0, budget.max - (ground.used[i] ?? 0));
    const key = `${broker} ${budget.limit}`;
    if (left < (least.get(key)?.left ?? Infinity)) least.set(key, { broker, limit: budget.limit, left });
  }
  return {
    now,
    census,
    budgets: [...least.values()],
    brokers: ground.brokers.map((each) => {
      const ledger = ledgerOf(parts.limits(each.broker), egress);
      return { ...each, failuresLeft: ledger && least.get(`${each.broker} ${ledger.limit}`)?.left };
    }),
    channels,
    clockAheadMs: ground.clockAheadMs,
  };
}

/** What of a broker accounts call; each part has a breaker of its own. */
const partsInUse = (
  { accounts }: MeasureParts,
  broker: string,
): { readonly broker: string; readonly parts: readonly (string | undefined)[] } => ({
  broker,
  parts: [...new Set(accounts().flatMap((each) => (each.broker === broker ? [each.part] : [])))],
});

/** Those of the egress, and of each API key in use. Those of single accounts are the plan's. */
function budgetsToShow(
  { limits, egress, accounts, keyOf }: MeasureParts,
  broker: string,
): readonly { readonly broker: string; readonly budget: Budget }[] {
  const own = limits(broker);
  const inUse = new Map<string, KeyInUse>();
  if (own.some(({ per }) => per === 'key')) {
    for (const { enabled, environment, key, ...account } of accounts()) {
      if (account.broker === broker && enabled && key !== undefined)
        inUse.set(`${environment} ${key}`, { environment, key });
      if (inUse.size >= MOST_KEYS) break;
    }
  }
  const keys = [...inUse.values()].map((each) => ({ ...each, key: keyOf(each.key) }));
  return [...budgetsOfEgress(own, egress), ...budgetsOfKeys(own, keys)].map((budget) => ({ broker, budget }));
}
