import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { makeDice, type Dice } from './random.ts';
import { makeRedisServer } from './redis/server.ts';
import { RedisError, Status, type Reply } from './redis/reply.ts';

/* Every command of the simulated Redis with arguments at random, beside a real one. */

const ROUNDS = 20_000;

let real: TestRedis;
beforeAll(async () => {
  real = await startRedis();
});
afterAll(() => real.stop());

test('answers random commands as a real Redis does', async () => {
  const client = real.client();
  await client.flushdb();
  const simulated = await makeRedisServer(Date.now);
  const dice = makeDice(7);
  const commands = Array.from({ length: ROUNDS }, () => dice.pick(generators)(dice).map(String));
  const pipeline = client.pipeline();
  for (const [name = '', ...args] of commands) pipeline.call(name, ...args);
  const theirs = (await pipeline.exec()) ?? [];
  const differences = commands.flatMap((words, i) => {
    const [error, reply] = theirs[i] ?? [null, null];
    const [expected, found] = [shown(words, error ?? reply), shown(words, executed(words))];
    return expected === found ? [] : [`${words.join(' ')}\n  real      ${expected}\n  simulated ${found}`];
  });
  expect(differences.slice(0, 5)).toEqual([]);

  function executed(words: readonly string[]): Reply {
    try {
      return simulated.execute(words);
    } catch (error) {
      if (error instanceof RedisError) return error;
      throw error;
    }
  }
});

/** A hash or a set is in no order, and of an error only the kind is promised. */
function shown([name = '']: readonly string[], reply: unknown): string {
  if (reply instanceof Status) return JSON.stringify(reply.text);
  if (reply instanceof Error) return reply.message.split(' ')[0] ?? '';
  if (!Array.isArray(reply)) return JSON.stringify(reply);
  const parts = reply.flat().map((part) => shown([], part));
  return /^(?:HGETALL|HKEYS|HVALS|SMEMBERS|KEYS)$/.test(name) ? parts.sort().join() : parts.join();
}

type Word = string | number;
type Generator = (dice: Dice) => readonly Word[];

const key = (dice: Dice): string => dice.pick(['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8']);
const member = (dice: Dice): string => dice.pick(['a', 'b', 'c', 'd', 'é', '']);
const members = (dice: Dice): readonly string[] =>
  Array.from({ length: dice.whole(1, 3) }, () => member(dice));
const score = (dice: Dice): Word =>
  dice.pick([0, 1, 2, 2, 3, -1, 1.5, 1_763_700_000_000, '-inf', '+inf', 'x']);
const bound = (dice: Dice): Word => (dice.chance(0.3) ? `(${dice.whole(-1, 3)}` : score(dice));
const index = (dice: Dice): number => dice.whole(-3, 4);
const limit = (dice: Dice): readonly Word[] =>
  dice.chance(0.4) ? ['LIMIT', dice.whole(0, 2), dice.whole(-1, 3)] : [];
const scores = (dice: Dice): readonly Word[] => (dice.chance(0.5) ? ['WITHSCORES'] : []);
const pairs = (dice: Dice): readonly Word[] =>
  Array.from({ length: dice.whole(1, 3) }, () => [score(dice), member(dice)]).flat();
const number = (dice: Dice): Word => dice.pick([1, 5, -2, '07', 'x', '9']);
/** Far enough that no two clocks disagree about it. */
const far = (dice: Dice): number => dice.whole(1_000_000, 9_000_000);
const of =
  (...parts: readonly (Word | ((dice: Dice) => Word | readonly Word[]))[]): Generator =>
  (dice) =>
    parts.flatMap((part) => (typeof part === 'function' ? part(dice) : part));
const one =
  (...words: readonly [Word, ...Word[]]) =>
  (dice: Dice): Word =>
    dice.pick(words);

const generators: readonly [Generator, ...Generator[]] = [
  of('GET', key),
  of('SET', key, number),
  of('SET', key, number),
  of('SET', key, member, one('NX', 'XX')),
  of('SET', key, member, 'PX', far),
  of('SET', key, member, 'XX', 'KEEPTTL'),
  of('SET', key, member, one('GET', 'what', 'PX')),
  of('SET', key, member, 'PX', one(0, -1, 'x')),
  of('SETNX', key, member),
  of('GETDEL', key),
  of('MGET', key, key, key),
  of('STRLEN', key),
  of('INCR', key),
  of('DECR', key),
  of('INCRBY', key, number),
  of('DEL', key),
  of('DEL', key, key),
  of('EXISTS', key, key),
  of('TYPE', key),
  of('KEYS', one('*', 'k?', 'k1', 'x*')),
  of('PERSIST', key),
  of('PEXPIRE', key, far),
  of('PEXPIRE', key, far, one('NX', 'XX', 'GT', 'LT')),
  of('PEXPIRE', key, one(0, -1)),
  of('PEXPIREAT', key, one(1, 4_000_000_000_000)),
  of('PEXPIREAT', key, one(4_000_000_000_000, 4_100_000_000_000), one('NX', 'XX', 'GT', 'LT')),
  of('PEXPIRETIME', 'nobody'),
  of('PTTL', 'nobody'),
  of('HSET', key, member, number),
  of('HSET', key, member, number, member, member),
  of('HSET', key, member),
  of('HSETNX', key, member, number),
  of('HGET', key, member),
  of('HMGET', key, members),
  of('HGETALL', key),
  of('HKEYS', key),
  of('HVALS', key),
  of('HLEN', key),
  of('HEXISTS', key, member),
  of('HDEL', key, members),
  of('HINCRBY', key, member, number),
  of('RPUSH', key, members),
  of('LPUSH', key, members),
  of('LLEN', key),
  of('LINDEX', key, index),
  of('LRANGE', key, index, index),
  of('LREM', key, index, member),
  of('LTRIM', key, index, index),
  of('LPOP', key),
  of('SADD', key, members),
  of('SREM', key, members),
  of('SMEMBERS', key),
  of('SISMEMBER', key, member),
  of('SCARD', key),
  of('ZADD', key, pairs),
  of('ZADD', key, pairs),
  of('ZADD', key, one('NX', 'XX', 'CH', 'GT', 'LT'), pairs),
  of('ZADD', key, 'XX', one('CH', 'GT', 'LT', 'INCR'), score, member),
  of('ZADD', key, member),
  of('ZINCRBY', key, score, member),
  of('ZREM', key, members),
  of('ZSCORE', key, member),
  of('ZMSCORE', key, members),
  of('ZCARD', key),
  of('ZRANK', key, member),
  of('ZCOUNT', key, bound, bound),
  of('ZRANGE', key, index, index, scores),
  of('ZRANGE', key, index, index, 'REV', scores),
  of('ZRANGE', key, bound, bound, 'BYSCORE', limit, scores),
  of('ZRANGE', key, bound, bound, 'BYSCORE', 'REV', limit, scores),
  of('ZREVRANGE', key, index, index, scores),
  of('ZRANGEBYSCORE', key, bound, bound, scores, limit),
  of('ZREVRANGEBYSCORE', key, bound, bound, scores, limit),
  of('ZREMRANGEBYSCORE', key, bound, bound),
  of('ZREMRANGEBYRANK', key, index, index),
  of('ZPOPMIN', key),
  of('ZPOPMIN', key, one(1, 2)),
  of('XADD', key, one('1-1', '2-1', '2-2', '3', '9-0'), 'f', member),
  of('XADD', key, 'MAXLEN', one(1, 3), one('4-1', '5', '9-1'), 'f', member),
  of('XADD', key, 'NOMKSTREAM', one('6-1', '7'), 'f', member),
  of('XLEN', key),
  of('XRANGE', key, one('-', '1', '2-1', '(2-1'), one('+', '2', '3-0', '(3')),
  of('XRANGE', key, '-', '+', 'COUNT', 1),
  of('XREAD', 'COUNT', one(1, 2), 'STREAMS', key, key, one('0', '1-1', '2'), one('0', '$')),
  of('XTRIM', key, 'MAXLEN', one(0, 1, 2)),
  of('XDEL', key, one('1-1', '2-1')),
  of('EVAL', "return redis.call('GET', KEYS[1])", 1, key),
  of('EVAL', "return {redis.pcall('HGET', KEYS[1], 'a')}", 1, key),
  of('EVAL', 'return {tonumber(ARGV[1]), ARGV[1], #ARGV, nil, 5}', 0, one(1, 1.5, 'x', '07')),
  of('EVAL', "return string.format('%.0f', tonumber(ARGV[1]))", 0, one(1, 1.5, 1_763_700_000_000)),
  of(
    'EVAL',
    "redis.call('SET', KEYS[1], tonumber(ARGV[1]) * 2) return redis.call('GET', KEYS[1])",
    1,
    key,
    one(1, 1.5, 0.1),
  ),
  of(
    'EVAL',
    'return cjson.encode(cjson.decode(ARGV[1]))',
    0,
    one('[]', '{}', '["a/b",1,2.5,null,true]', '{"a":{"b":[1]}}', '"x"', '['),
  ),
  of('EVAL', 'return cjson.decode(ARGV[1]).a .. ARGV[1]', 0, one('{"a":5}', '{"a":"5"}')),
  of('EVAL', 'undeclared = 1', 0),
  of('EVAL', 'return undeclared', 0),
  of('EVAL', "return {err='MADE up'}", 0),
  of('EVAL', "return {ok='FINE', 1}", 0),
  of('EVAL', 'return {1, false, true, {2, {3}}, 3.99, -3.99}', 0),
  of('EVAL', 'error("no")', 0),
  of('NOSUCH', key),
];
