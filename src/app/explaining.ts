import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.ts';
import { describe, pauseOf } from '../core/describe.ts';
import { explain, type Explanation } from '../core/explain.ts';
import { readDay } from '../core/last-day.ts';
import { readActs } from '../redis/audit.ts';
import { readDecisions } from '../redis/decisions.ts';
import { keys } from '../redis/keys.ts';
import type { Roster } from '../redis/roster.ts';
import { readFacts } from '../redis/statuses.ts';
import { readUses } from '../redis/uses.ts';

const ACTS = 10;

/** Everything there is to say of one account, by Redis alone; undefined for a name nobody has. */
export async function explainAccount(
  parts: {
    readonly redis: Redis;
    readonly roster: Pick<Roster, 'get'>;
    readonly clock: Pick<Clock, 'now'>;
    readonly egress: string;
  },
  name: string,
): Promise<Explanation | undefined> {
  const { redis, roster, clock, egress } = parts;
  const entry = await roster.get(name);
  if (!entry) return undefined;
  const now = clock.now();
  const [[facts], decisions, day, used, acts] = await Promise.all([
    readFacts(redis, [[name, entry]], { egress, now }),
    readDecisions(redis, name),
    redis.get(keys.day(name)),
    readUses(redis, [name], now),
    readActs(redis, { account: name, count: ACTS }),
  ]);
  if (!facts) return undefined;
  const until = pauseOf(facts, now)?.until;
  return explain({
    status: describe(facts, now),
    silence: facts.silence?.message,
    since: facts.since ?? null,
    pausedUntil: until === undefined ? null : new Date(until).toISOString(),
    by: entry.way?.by,
    decisions,
    lastDay: readDay(day, now),
    usage: used.get(name) ?? [],
    acts,
  });
}
