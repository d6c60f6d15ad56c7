import type { World } from '../world.ts';
import { broken } from './rules.ts';
import { whileWell, type Wellness } from './wellness.ts';

/** Between two tries of a breaker, with the way there and back, ms: of one account each. */
const TRY_MS = 28_000;
/** Beside that: what a call takes, and a look that comes late, ms. */
const SLACK_MS = 90_000;

/**
 * Whoever waits for a try of an open breaker has it within as many turns as there are accounts: none is passed over by
 * the same others again and again.
 */
export function watchBreakers(world: World, wellness: Wellness, planWithinMs: number): void {
  /** Since when each waits with what it tried last. */
  let waits = new Map<string, number>();
  const known = { of: world.now() };
  whileWell(world, wellness, { everyMs: 5_000, afterMs: planWithinMs }, (now) => {
    // Whatever kept everybody from looking counts for nothing.
    if (now - known.of > 2 * planWithinMs) waits = new Map();
    known.of = now;
    const { keyspace } = world.redisServer;
    const seen = new Map<string, number>();
    for (const key of keyspace.keys()) {
      if (!/^refresher:breaker:.*:queue$/.test(key)) continue;
      for (const [name, triedAt] of keyspace.find(key, 'zset')?.scores ?? []) {
        // A budget, or a person, may hold it up as well.
        if (world.state(name)['reason'] !== 'broker_down') continue;
        const place = `${key} ${name} ${triedAt}`;
        const since = waits.get(place) ?? now;
        seen.set(place, since);
        const most = (world.entries().length + 1) * TRY_MS + SLACK_MS;
        if (now - since > most) broken(`${name} has waited for ${now - since} ms for a try at its broker`);
      }
    }
    waits = seen;
  });
}
