import type { Redis } from 'ioredis';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import { isWithin } from '../core/hours.ts';
import type { Counted } from '../metrics/count.ts';
import { readStandings } from '../redis/standings.ts';
import { isPersons } from '../tending/persons.ts';

/** So many accounts are read at once: more would hold up everything else. */
const BATCH = 500;

/** How every account of this process stands, in batches. Rejects where Redis is away. */
export async function* rollCall(parts: {
  readonly redis: Redis;
  readonly accounts: readonly Account[];
  readonly isHoliday: (day: string, zone: string) => boolean;
  readonly clock: Clock;
}): AsyncGenerator<readonly Counted[]> {
  const isThere = makeIsThere(parts.isHoliday, parts.clock.now());
  for (const [broker, group] of Map.groupBy(parts.accounts, (account) => account.broker)) {
    for (let i = 0; i < group.length; i += BATCH) {
      const batch = group.slice(i, i + BATCH);
      const names = batch.map(({ name }) => name);
      const standings = await readStandings(parts.redis, broker, names);
      yield batch.flatMap((account, j): Counted[] => {
        const standing = standings[j];
        if (!standing) return [];
        const { name, enabled } = account;
        return [
          { ...standing, name, broker, enabled, person: isPersons(account), isThere: isThere(account) },
        ];
      });
    }
  }
}

/** Many accounts keep the same hours, and a calendar is slow to ask. */
function makeIsThere(
  isHoliday: (day: string, zone: string) => boolean,
  now: number,
): (account: Account) => boolean {
  const known = new Map<string, boolean>();
  return ({ hours }) => {
    if (!hours) return true;
    const key = JSON.stringify(hours);
    const answer = known.get(key) ?? isWithin(hours, isHoliday, now);
    known.set(key, answer);
    return answer;
  };
}
