import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { brokers } from '../brokers/index.ts';
import { presentSealingKeys, type Config } from '../config/index.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { openMirror } from '../mirror/index.ts';
import { keys } from '../redis/keys.ts';
import { numbers } from '../redis/replies.ts';
import { run, scripts } from '../redis/scripts.ts';
import { makeSeal } from '../redis/seal.ts';
import { mirrorFolder } from './keepsake.ts';

export interface ForgetParts {
  readonly redis: Redis;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
}

/** Longer than the lease of any call, ms. */
const LEASE_WAIT_MS = 20_000;
const LEASE_MS = 10_000;
const LOOK_MS = 200;

/**
 * Removes everything that is kept of an account: its keys, its record, and what the state folder remembers. How many
 * keys were there; `busy`: somebody looks after it all the time.
 */
export async function forgetAccount(parts: ForgetParts, name: string): Promise<number | 'busy'> {
  const { redis, clock } = parts;
  const owner = `forget:${randomUUID()}`;
  const until = clock.now() + LEASE_WAIT_MS;
  while ((await redis.set(keys.lease(name), owner, 'PX', LEASE_MS, 'NX')) === null) {
    if (clock.now() >= until) return 'busy';
    await clock.sleep(LOOK_MS);
  }
  // The disk first: a service that looks at the account next would bring back from there what Redis has lost.
  const isKnown = await forgetOnDisk(parts, name);
  const own = [keys.record, keys.decisions, keys.day, keys.quarantine, keys.uses].map((key) => key(name));
  const indexes = brokers.flatMap((broker) => [keys.due(broker.name), keys.queued(broker.name)]);
  const reply = numbers(
    await run(
      redis,
      scripts.forget,
      [keys.record(name), keys.lease(name), name, keys.rearm, keys.owners],
      [name, owner, clock.now(), JSON.stringify(own), JSON.stringify(indexes)],
    ),
  );
  return reply[0] === 1 ? (reply[1] ?? 0) + (isKnown ? 1 : 0) : 'busy';
}

/** True where the state folder knew of it. Without a sealing key there is no such folder. */
async function forgetOnDisk({ config, clock, log }: ForgetParts, name: string): Promise<boolean> {
  const sealingKeys = await presentSealingKeys(config);
  if (!sealingKeys) return false;
  const mirror = await openMirror({ folder: mirrorFolder(config), seal: makeSeal(sealingKeys), log, clock });
  try {
    const isKnown = mirror.recall(name) !== undefined;
    await mirror.forget(name);
    return isKnown;
  } finally {
    await mirror.close();
  }
}
