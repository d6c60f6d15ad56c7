import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSeal } from '../../../src/redis/seal.ts';
import { SEALING_KEY, type Desk } from './desk.ts';

/*
 * What another version would have left in Redis and in STATE_DIR: an earlier one knows less, a later one more.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Reshape = (value: Json) => Json;

/** What came with a later version and is missing where an earlier one wrote. */
const LATER = new Set([
  ...['retryBy', 'retryFor', 'origin', 'unrenewed', 'answeredSignIns', 'expiredSaid', 'heldBack', 'lifeMs'],
  ...['proofDueAt', 'listedAt', 'quiet', 'apiKey', 'way', 'asks', 'observed', 'nextAt', 'next', 'callAt'],
  ...['calledBefore', 'recurs', 'morning', 'why', 'tokenUntil', 'remindAt', 'served', 'remindedUntil'],
]);
/** A silence's own, and a held answer's. */
const LATER_IN_SILENCES = ['message', 'since'];
/** The field that no version knows yet. */
export const UNKNOWN = 'ofALaterVersion';
/** Whose keys are names and not fields. */
const MAPS = new Set(['headers', 'renewal', 'meta', 'sent', 'cost']);

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const earlier: Reshape = (value) => {
  if (Array.isArray(value)) return value.map(earlier);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !LATER.has(key));
  return Object.fromEntries(kept.map(([key, each]) => [key, earlier(each)]));
};

const later: Reshape = (value) => {
  if (Array.isArray(value)) return value.map(later);
  if (!isObject(value)) return value;
  const inside = Object.entries(value).map(([key, each]) => [key, MAPS.has(key) ? inMap(each) : later(each)]);
  return { ...(Object.fromEntries(inside) as Record<string, Json>), [UNKNOWN]: { since: [1, 'x'] } };
};
const inMap: Reshape = (value) =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, later(each)]))
    : value;

const seal = makeSeal([SEALING_KEY]);

function reshaped(text: string, as: Reshape): string {
  if (!/^[[{]/.test(text)) return text;
  return JSON.stringify(as(JSON.parse(text) as Json));
}

/** What is sealed is reshaped in its seal. */
function reshapedField(name: string, field: string, text: string, as: Reshape): string {
  if (!text.startsWith('v1.')) return reshaped(text, as);
  const plain = seal.open(text, `${field} ${name}`);
  return plain === undefined ? text : seal.seal(reshaped(plain, as), `${field} ${name}`);
}

/** The files that the processes have written so far, in the shape of another version. How many there were. */
async function reshapeFiles(stateDir: string, as: Reshape): Promise<number> {
  const folder = join(stateDir, 'mirror');
  let reshapes = 0;
  for (const name of await readdir(folder)) {
    if (!name.startsWith('v1-') || name.endsWith('.new')) continue;
    const plain = seal.open(await readFile(join(folder, name), 'utf8'), 'mirror');
    if (plain === undefined) throw new Error(`${name} does not open`);
    await writeFile(join(folder, 'draft'), seal.seal(reshaped(plain, as), 'mirror'));
    await rename(join(folder, 'draft'), join(folder, name));
    reshapes += 1;
  }
  return reshapes;
}

/** Where a script of the service wrote in between, the next one has it. */
const SWAP = `if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`;

async function reshapeHash(desk: Desk, key: string, as: Reshape, name = ''): Promise<void> {
  for (const [field, text] of Object.entries(await desk.redis.hgetall(key))) {
    await desk.redis.eval(SWAP, 1, key, field, text, reshapedField(name, field, text, as));
  }
}

/** As an earlier version would have left it, which knew none of what came since. */
export async function asEarlier(desk: Desk, stateDir: string): Promise<void> {
  const { redis } = desk;
  for (const name of desk.names) {
    const record = `refresher:account:${name}`;
    await redis.hdel(record, ...LATER);
    await reshapeHash(desk, record, earlier, name);
    await redis.del(`refresher:entry:${name}`);
  }
  for (const key of await redis.keys('refresher:silence:*')) await redis.hdel(key, ...LATER_IN_SILENCES);
  for (const key of await redis.keys('refresher:alerts:book:written:*')) await redis.del(key);
  for (const key of ['refresher:alerts:book', 'refresher:roster']) await reshapeHash(desk, key, earlier);
  for (const network of ['ig:default', 'tradovate:default'])
    await redis.set(`refresher:breaker:${network}:apart`, '5000', 'PX', 60_000);
  if ((await reshapeFiles(stateDir, earlier)) === 0) throw new Error('no file of the mirror was there');
}

/** As a later version would have left it, which says more of everything. */
export async function asLater(desk: Desk, stateDir: string): Promise<void> {
  const { redis } = desk;
  for (const name of desk.names) {
    const record = `refresher:account:${name}`;
    await reshapeHash(desk, record, later, name);
    const there = [record, `state:${name}`, `meta:${name}`];
    for (const key of there) if (await redis.exists(key)) await redis.hset(key, UNKNOWN, '{"x":1}');
    await redis.hset(`refresher:entry:${name}`, UNKNOWN, `${Date.now() - 1e6} another-print and more`);
    for (const [by, text] of Object.entries(await redis.hgetall(`refresher:entry:${name}`)))
      await redis.eval(SWAP, 1, `refresher:entry:${name}`, by, text, `${text} more`);
    await redis.set(`refresher:${UNKNOWN}:${name}`, 'x');
  }
  for (const key of await redis.keys('refresher:silence:*')) await redis.hset(key, UNKNOWN, 'x');
  for (const key of ['refresher:alerts:book', 'refresher:roster']) await reshapeHash(desk, key, later);
  if ((await reshapeFiles(stateDir, later)) === 0) throw new Error('no file of the mirror was there');
  const folder = join(stateDir, 'mirror');
  await writeFile(join(folder, `v2-${UNKNOWN}`), 'another layout');
  const line = (value: Json): string => `${JSON.stringify(value)}\n`;
  await writeFile(
    join(folder, `renewals-${UNKNOWN}`),
    line(['IG_A', 'made-up-print', false, { more: 1 }]) + line({ account: 'IG_A' }),
  );
}
