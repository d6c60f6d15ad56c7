import type { Redis } from 'ioredis';
import { namesOf, type Account } from '../core/account.ts';
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
  const world = worldOf(parts);
  const results = await redis
    .multi()
    .setnx(keys.contract, CONTRACT)
    .setnx(keys.world, world)
    .setnx(keys.keycheck, seal.seal(KEYCHECK, 'keycheck'))
    .mget(keys.contract, keys.world, keys.keycheck)
    .exec();
  // A command that failed says nothing about whose Redis this is.
  const failed = results?.find(([error]) => error !== null)?.[0];
  if (!results || failed) throw failed ?? new Error('Redis did not say whose it is');
  const values = results[3]?.[1];
  const [contract, present, keycheck] = Array.isArray(values) ? values.map(String) : [];
  const fits = judge(parts, contract, present, keycheck);
  if (fits === 'current') return;
  // Sealed anew under the first key, so that an older one can leave the ring.
  await redis.set(keys.keycheck, seal.seal(KEYCHECK, 'keycheck'));
}

const worldOf = ({ simulated }: Pick<WorldParts, 'simulated'>): string => (simulated ? 'simulated' : 'real');

/** Whether this Redis is one to work on; `current` where nothing of its keycheck has to be written. */
function judge(
  parts: Omit<WorldParts, 'redis'>,
  contract: string | undefined,
  present: string | undefined,
  keycheck: string | undefined,
): 'current' | 'older' {
  const { seal } = parts;
  if (contract !== CONTRACT) {
    throw fault(
      'REDIS_URL',
      `this Redis holds contract version ${contract ?? 'unknown'}, this program speaks version ${CONTRACT}: run the matching program`,
    );
  }
  if (present !== worldOf(parts)) {
    throw fault(
      'SIMULATE',
      parts.simulated
        ? 'this Redis holds real records; a simulated run would mix with them: name another Redis or db'
        : 'this Redis holds records of a simulated run: name another Redis or db (do not empty one that others use)',
    );
  }
  if (keycheck === undefined) return 'current';
  if (seal.open(keycheck, 'keycheck') === KEYCHECK) return seal.isCurrent(keycheck) ? 'current' : 'older';
  if (!parts.newKey) {
    throw fault(
      'SECRET_KEY',
      'it does not open refresher:keycheck: what is sealed in this Redis was sealed with another key. Give that key (or list it after the new one, separated by a comma), or start over with --new-key',
    );
  }
  return 'older';
}

/**
 * Keeps a simulated run away from tokens that no simulated run wrote. Throws ConfigurationError where
 * keys of the configured names are there already.
 */
export async function refuseRealTokens(redis: Redis, accounts: readonly Account[]): Promise<void> {
  if ((await redis.get(keys.world)) === 'simulated') return;
  const names = accounts.flatMap(namesOf);
  let found = 0;
  for (const name of names) found += await redis.exists(`token:${name}`, `auth:${name}`, `meta:${name}`);
  if (found === 0) return;
  throw fault(
    'SIMULATE',
    'this Redis holds tokens of accounts in the credentials file, and no simulated run wrote them: a rehearsal would replace them with made-up ones. Name another Redis or db (REDIS_URL=embedded with a STATE_DIR of its own)',
  );
}

/**
 * What a start would say about this Redis, without writing anything. Throws ConfigurationError where it
 * would refuse it.
 */
export async function inspectWorld(
  parts: Omit<WorldParts, 'newKey'>,
  accounts: readonly Account[],
): Promise<void> {
  const [contract, world, keycheck] = await parts.redis.mget(keys.contract, keys.world, keys.keycheck);
  judge({ ...parts, newKey: false }, contract ?? CONTRACT, world ?? worldOf(parts), keycheck ?? undefined);
  if (parts.simulated) await refuseRealTokens(parts.redis, accounts);
}

/** True once the service's keys are gone: somebody emptied Redis. */
export async function isEmptied(redis: Redis): Promise<boolean> {
  return (await redis.exists(keys.contract, keys.roster)) < 2;
}

const fault = (at: string, message: string): ConfigurationError => new ConfigurationError([{ at, message }]);
