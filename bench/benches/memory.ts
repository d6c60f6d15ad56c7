import type { Redis } from 'ioredis';

const SCAN_COUNT = 1_000;

/** Bytes in Redis per account, by the kind of key: all keys are weighed, the shared ones too. */
export async function bytesByKind(redis: Redis, accounts: number): Promise<ReadonlyMap<string, number>> {
  const bytes = new Map<string, number>();
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'COUNT', SCAN_COUNT);
    cursor = next;
    const weights = await Promise.all(found.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
    for (const [i, key] of found.entries()) {
      const kind = kindOf(key);
      bytes.set(kind, (bytes.get(kind) ?? 0) + (weights[i] ?? 0));
    }
  } while (cursor !== '0');
  return new Map([...bytes].map(([kind, sum]) => [kind, sum / accounts]));
}

/** `token:NAME` and the like by their beginning, those of the service by two words, the lists as lists. */
function kindOf(key: string): string {
  const [first = '', second = ''] = key.split(':');
  if (first === 'refresher') return `refresher:${second}`;
  return key.includes(':') ? first : 'list';
}
