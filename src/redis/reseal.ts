import type { Redis } from 'ioredis';
import type { Log } from '../core/log.ts';
import { keys } from './keys.ts';
import { run, scripts } from './scripts.ts';
import type { Seal } from './seal.ts';

/** What of a record is sealed. */
const sealedFields = ['session', 'pending', 'carry'] as const;
/** How long what cannot be opened is kept aside, ms: long enough to find the key again. */
const QUARANTINE_MS = 30 * 24 * 60 * 60_000;
const BATCH = 250;

/**
 * Seals under the first key of the ring what an older one sealed, so that it can leave the ring; puts
 * aside what no key of it opens, and says so. Nobody is signed in for it.
 */
export async function reseal(
  redis: Redis,
  seal: Seal,
  names: readonly string[],
  now: number,
  log: Log,
): Promise<{ readonly resealed: number; readonly quarantined: number }> {
  const count = { resealed: 0, quarantined: 0 };
  for (let i = 0; i < names.length; i += BATCH) {
    const batch = names.slice(i, i + BATCH);
    const read = redis.pipeline();
    for (const name of batch) read.hmget(keys.record(name), ...sealedFields);
    const replies = (await read.exec()) ?? [];
    for (const [j, name] of batch.entries()) {
      const row = replies[j]?.[1];
      for (const [k, field] of sealedFields.entries()) {
        const sealed: unknown = Array.isArray(row) ? row[k] : undefined;
        if (typeof sealed !== 'string' || seal.isCurrent(sealed)) continue;
        const opened = seal.open(sealed, `${field} ${name}`);
        const after = opened === undefined ? '' : seal.seal(opened, `${field} ${name}`);
        const places = [keys.record(name), keys.quarantine(name)];
        const done = await run(redis, scripts.reseal, places, [field, sealed, after, now, QUARANTINE_MS]);
        if (done !== 1) continue;
        if (opened !== undefined) count.resealed += 1;
        else {
          count.quarantined += 1;
          log.error(
            { event: 'record.quarantined', account: name, field },
            `What was sealed of ${name} cannot be opened with SECRET_KEY; it was put aside, and a new token is got.`,
          );
        }
      }
    }
  }
  return count;
}
