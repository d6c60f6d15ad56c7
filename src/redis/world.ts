import type { Redis } from 'ioredis';
import { ConfigurationError } from '../core/errors.ts';
import { keys } from './keys.ts';
import type { Seal } from './seal.ts';

const CONTRACT = '1';
const KEYCHECK = 'token-refresher';

export interface WorldParts {
  readonly redis: Redis;
  readonly seal: Seal;
  readonly simulated: boolean;
  /** True: a key that does not open the keycheck replaces it; what the old one sealed is lost. */
  readonly newKey: boolean;
}

/**
 * Makes sure that this process may work on this Redis: same contract, same world (real or
 * simulated), same sealing key. Throws ConfigurationError where it may not.
 */
export async function enterWorld(parts: WorldParts): Promise<void> {
  const { redis, seal } = parts;
  const world = parts.simulated ? 'simulated' : 'real';
  const results = await redis
    .multi()
    .setnx(keys.contract, CONTRACT)
    .setnx(keys.world, world)
    .setnx(keys.keycheck, seal.seal(KEYCHECK, 'keycheck'))
    .mget(keys.contract, keys.world, keys.keycheck)
    .exec();
  const values = results?.[3]?.[1];
  const [contract, present, keycheck] = Array.isArray(values) ? values.map(String) : [];
  if (contract !== CONTRACT) {
    throw fault(
      'REDIS_URL',
      `this Redis holds contract version ${contract ?? 'unknown'}, this program speaks version ${CONTRACT}: run the matching program`,
    );
  }
  if (present !== world) {
    throw fault(
      'SIMULATE',
      parts.simulated
        ? 'this Redis holds real records; a simulated run would mix with them: name another Redis or db'
        : 'this Redis holds records of a simulated run: name another Redis or db, or empty this one',
    );
  }
  if (keycheck !== undefined && seal.open(keycheck, 'keycheck') === KEYCHECK) {
    // Sealed anew under the first key, so that an older one can leave the ring.
    if (!seal.isCurrent(keycheck)) await redis.set(keys.keycheck, seal.seal(KEYCHECK, 'keycheck'));
    return;
  }
  if (!parts.newKey) {
    throw fault(
      'SECRET_KEY',
      'it does not open refresher:keycheck: what is sealed in this Redis was sealed with another key. Give that key (or list it after the new one, separated by a comma), or start over with --new-key',
    );
  }
  await redis.set(keys.keycheck, seal.seal(KEYCHECK, 'keycheck'));
}

/** True once the service's keys are gone: somebody emptied Redis. */
export async function isEmptied(redis: Redis): Promise<boolean> {
  return (await redis.exists(keys.contract, keys.roster)) < 2;
}

const fault = (at: string, message: string): ConfigurationError => new ConfigurationError([{ at, message }]);
