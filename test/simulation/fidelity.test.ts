import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scripts } from '../../src/redis/scripts.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { makeDice } from './random.ts';
import { makeClient, type Link } from './redis/client.ts';
import { RedisError, Status, type Reply } from './redis/reply.ts';
import { makeRedisServer, type RedisServer } from './redis/server.ts';
import { exercise } from './work.ts';

/*
 * The simulated Redis against a real one: the real store, keeper, index, roster and alerts work on
 * both at once, at random, and every reply and every key must be the same.
 */

const CLOSE_MS = 2_000;
let real: TestRedis;
beforeAll(async () => {
  real = await startRedis();
});
afterAll(() => real.stop());

test.each([1, 2, 3])('gives the replies and keeps the keys of a real Redis (seed %i)', async (seed) => {
  const client = real.client();
  await client.flushdb();
  const now = (): number => Date.now();
  let at = now();
  const simulated = await makeRedisServer(() => at);
  const differences: string[] = [];
  const redis = makeClient(
    bothAtOnce(
      client,
      simulated,
      now,
      (instant) => void (at = instant),
      (difference) => void differences.push(difference),
    ),
  );

  await exercise(redis, makeDice(seed));

  expect(differences.slice(0, 5)).toEqual([]);
  const [ours, theirs] = [await contents(makeClient(linkTo(simulated))), await contents(client)];
  at = now();
  expect(Object.keys(ours).length).toBeGreaterThan(20);
  expect(keysOf(ours)).toEqual(keysOf(theirs));
  for (const [key, { life }] of Object.entries(ours)) {
    expect(Math.abs(life - (theirs[key]?.life ?? 0)), `the life of ${key}`).toBeLessThan(CLOSE_MS);
  }
});

test('gives a group that reads a stream what a real Redis gives it', async () => {
  const client = real.client();
  await client.flushdb();
  const { execute } = await makeRedisServer(() => 1_000);
  const steps = [
    'XREADGROUP GROUP g one COUNT 10 STREAMS s >',
    'XAUTOCLAIM s g one 0 0 COUNT 10',
    'XINFO CONSUMERS s g',
    'XGROUP CREATE s g 0 MKSTREAM',
    'XGROUP CREATE s g 0 MKSTREAM',
    'XREADGROUP GROUP g one COUNT 10 STREAMS s >',
    ...[1, 2, 3, 4, 5, 6].map((id) => `XADD s ${id}-1 name N${id}`),
    'XREADGROUP GROUP g one COUNT 2 STREAMS s >',
    'XREADGROUP GROUP g two COUNT 3 STREAMS s >',
    'XPENDING s g',
    'XACK s g 1-1 9-1',
    'XINFO CONSUMERS s g',
    'XTRIM s MINID = 3-1',
    'XAUTOCLAIM s g two 0 0 COUNT 2',
    'XAUTOCLAIM s g two 60000 0 COUNT 10',
    'XPENDING s g',
    'XGROUP DELCONSUMER s g one',
    'XACK s g 3-1 4-1 5-1',
    'XPENDING s g',
    'XREADGROUP GROUP g two COUNT 10 STREAMS s >',
    'XINFO CONSUMERS s g',
    'XRANGE s - +',
    'XLEN s',
  ];
  /** How long ago a reader was heard of differs. */
  const seen = (reply: unknown): string => {
    if (reply instanceof Status) return seen(reply.text);
    if (reply instanceof Error) return reply.message;
    if (!Array.isArray(reply)) return JSON.stringify(reply);
    const at = reply.indexOf('idle');
    return `[${(at < 0 ? reply : reply.slice(0, at)).map(seen).join(', ')}]`;
  };
  for (const step of steps) {
    const [name = '', ...args] = step.split(' ');
    // By its own method, so that ioredis shapes the reply as the service gets it.
    const method: unknown = Reflect.get(client, name.toLowerCase());
    if (typeof method !== 'function') throw new Error(`ioredis has no ${name}`);
    const theirs: unknown = await Promise.resolve(Reflect.apply(method, client, args)).catch(
      (error: unknown) => error,
    );
    const asked = (): unknown => {
      try {
        return execute([name, ...args]);
      } catch (error) {
        return error;
      }
    };
    expect([step, seen(asked())]).toEqual([step, seen(theirs)]);
  }
});

/** Sends everything to both and answers as the real one does; what differs is told. */
function bothAtOnce(
  client: Redis,
  simulated: RedisServer,
  now: () => number,
  setClock: (at: number) => void,
  differ: (difference: string) => void,
): Link {
  const texts = new Map(Object.values(scripts).map(({ sha, text }) => [sha, text]));
  /** Both servers must be told the same time, or every fence would differ by a millisecond or two. */
  const onReal = (words: readonly string[], at: number): readonly string[] => {
    const [name, script = '', ...rest] = words;
    if (name === 'TIME')
      return ['EVAL', `return { '${Math.floor(at / 1_000)}', '${(at % 1_000) * 1_000}' }`, '0'];
    const text = name === 'EVALSHA' ? texts.get(script) : name === 'EVAL' ? script : undefined;
    if (text === undefined) return words;
    const time = `{ '${Math.floor(at / 1_000)}', '${(at % 1_000) * 1_000}' }`;
    return ['EVAL', text.replaceAll("redis.call('TIME')", time), ...rest];
  };
  return {
    async send(commands, atomic) {
      const at = now();
      const batch = atomic ? client.multi() : client.pipeline();
      for (const words of commands) {
        const [name = '', ...args] = onReal(words, at);
        // By its own method, so that ioredis shapes the reply as the service gets it.
        const method: unknown = Reflect.get(batch, name.toLowerCase());
        if (typeof method !== 'function') throw new Error(`ioredis has no ${name}`);
        Reflect.apply(method, batch, args);
      }
      const replies = ((await batch.exec()) ?? []).map(([error, reply]) => error ?? unshaped(reply));
      // What was sent meanwhile has a later time.
      setClock(at);
      const mine = commands.map((words) => {
        try {
          return simulated.execute(withText(words, texts));
        } catch (error) {
          if (error instanceof RedisError) return error;
          throw error;
        }
      });
      commands.forEach((words, i) => {
        const [theirs, ours] = [canonical(replies[i]), canonical(mine[i])];
        if (theirs !== ours && !areClose(words, theirs, ours)) {
          differ(`${words.join(' ').slice(0, 2_000)}\n  real      ${theirs}\n  simulated ${ours}`);
        }
      });
      return replies.map(asReply);
    },
  };
}

const withText = (words: readonly string[], texts: ReadonlyMap<string, string>): readonly string[] =>
  words[0] === 'EVALSHA' ? ['EVAL', texts.get(words[1] ?? '') ?? '', ...words.slice(2)] : words;

/** A life that is left is counted from an instant that two servers cannot share. */
function areClose(words: readonly string[], theirs: string, ours: string): boolean {
  return /^P?TTL$/.test(words[0] ?? '') && Math.abs(Number(theirs) - Number(ours)) < CLOSE_MS;
}

/** A hash as the server sends it, which ioredis makes an object of. */
function unshaped(reply: unknown): unknown {
  return typeof reply === 'object' && reply !== null && !Array.isArray(reply)
    ? Object.entries(reply).flat()
    : reply;
}

function asReply(reply: unknown): Reply {
  if (reply instanceof Error) return new RedisError(reply.message);
  if (typeof reply === 'string' || typeof reply === 'number') return reply;
  return Array.isArray(reply) ? reply.map(asReply) : null;
}

/** A reply as text. Hashes and Lua tables have no order, so that lists are compared as bags. */
function canonical(reply: unknown): string {
  if (reply instanceof Status) return reply.text;
  // The real one adds where in the script it was.
  if (reply instanceof Error) return reply.message.replace(/ script: .*$/s, '').slice(0, 60);
  if (Array.isArray(reply)) return `[${reply.map(canonical).sort().join(', ')}]`;
  return typeof reply === 'string' ? inOrder(reply) : JSON.stringify(reply);
}

/** A JSON list of names, and the fields that a script wrote as JSON, in alphabetical order; any other text as it is. */
function inOrder(text: string): string {
  if (text.startsWith('{"')) {
    const fields: unknown = JSON.parse(text);
    return JSON.stringify(
      Object.fromEntries(Object.entries(fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  }
  if (!text.startsWith('["')) return text;
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? JSON.stringify(list.map(String).sort()) : text;
}

interface Content {
  readonly value: string;
  /** Ms left; -1 for ever. */
  readonly life: number;
}

async function contents(redis: Redis): Promise<Readonly<Record<string, Content>>> {
  const found: Record<string, Content> = {};
  for (const key of (await redis.keys('*')).sort()) {
    const type = await redis.type(key);
    found[key] = {
      value: `${type} ${canonical(await valueOf(redis, key, type))}`,
      life: await redis.pttl(key),
    };
  }
  return found;
}

function valueOf(redis: Redis, key: string, type: string): Promise<unknown> {
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key).then((fields) => Object.entries(fields));
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES');
    case 'set':
      return redis.smembers(key);
    default:
      throw new Error(`${key} is a ${type}`);
  }
}

const keysOf = (all: Readonly<Record<string, Content>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(all).map(([key, { value }]) => [key, value]));

const linkTo = (server: RedisServer): Link => ({
  send: (commands) => Promise.resolve(commands.map((words) => server.execute(words))),
});
