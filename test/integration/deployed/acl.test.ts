import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, inject, it } from 'vitest';
import { createTokenReader } from '../../../src/client/index.ts';
import { aclLine } from '../../../src/redis/acl.ts';
import { freshFolder } from '../../support/folder.ts';
import { until } from '../../support/poll.ts';
import { startNode, type RedisNode } from '../../support/redis-process.ts';
import { DESK, dueNow, during, IG, isReady, logins, served } from './deployed.ts';

const PASS = 'made-up-redis-pass';
const major = Number(inject('redisServer')?.version.split('.')[0] ?? 0);

/** Gives the service's user what `check` prints. */
const admit = ({ admin }: RedisNode, names: readonly string[]): Promise<unknown> => {
  const line = aclLine(names.map((name) => ({ name }))).replace('<password>', PASS);
  const [command = '', ...rest] = line.split(' ');
  return admin.call(command, ...rest);
};

interface Command {
  readonly name: string;
  readonly arity: number;
  readonly categories: readonly string[];
}

/** Every command of the server, and every subcommand in place of the command it belongs to. */
async function commandsOf({ admin }: RedisNode): Promise<readonly Command[]> {
  const read = (entry: unknown): readonly Command[] => {
    if (!Array.isArray(entry)) return [];
    const [name, arity, , , , , categories, , , subcommands] = entry as readonly unknown[];
    const below = Array.isArray(subcommands) ? subcommands.flatMap(read) : [];
    if (below.length > 0) return below;
    return [
      {
        name: String(name),
        arity: Number(arity),
        categories: Array.isArray(categories) ? categories.map(String) : [],
      },
    ];
  };
  const all: unknown = await admin.call('COMMAND');
  return Array.isArray(all) ? all.flatMap(read) : [];
}

/** Those of `commands` that this user may run after all, tried one by one. */
async function notRefused(client: Redis, commands: readonly Command[]): Promise<readonly string[]> {
  const allowed: string[] = [];
  for (const { name, arity } of commands) {
    const [command = '', ...rest] = name.split('|');
    const filling = Array.from({ length: Math.max(0, Math.abs(arity) - 1 - rest.length) }, () => 'token:x');
    const said = await client.call(command, ...rest, ...filling).then(String, String);
    if (!/NOPERM|command not allowed/.test(said)) allowed.push(`${name}: ${said}`);
  }
  return allowed;
}

const refused = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => false,
    (error: unknown) => /NOPERM|user executing the script can't/.test(String(error)),
  );

async function as(node: RedisNode, username: string, work: (client: Redis) => Promise<void>): Promise<void> {
  const client = new Redis({ port: node.port, host: '127.0.0.1', username, password: PASS });
  client.on('error', () => undefined);
  try {
    await work(client);
  } finally {
    client.disconnect();
  }
}

describe.runIf(major >= 7).concurrent('the Redis user that check prints', () => {
  it(
    'is enough for a whole service: logins, refreshes, lists, restarts, an emptied Redis',
    ({ expect }) =>
      during(startNode, async (node) => {
        await admit(node, ['DESK', 'IG', 'WRONG']);
        const entries = [
          { ...DESK, accounts: ['DESK_SUB'] },
          IG,
          { username: 'WRONG', password: 'made-up-wrong' },
        ];
        const env = { REDIS_URL: `redis://token-refresher:${PASS}@127.0.0.1:${node.port}` };
        const connect = (): Redis => new Redis(node.url);
        await served({ redisUrl: node.url, connect, env, entries }, async (bench) => {
          const keys = ['token:DESK', 'auth:DESK', 'token:DESK_SUB', 'meta:DESK', 'DESK', 'token:IG', 'IG'];
          await bench.keys(keys);
          await bench.state('WRONG', 'stopped');
          await dueNow(bench.redis);
          await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 1, 10_000);
          await bench.redis.del('token:DESK', 'meta:DESK');
          await bench.restart();
          await bench.redis.xadd('token-reports', '*', 'name', 'DESK', 'generation', '1');
          await bench.redis.flushall();
          await bench.keys(keys, 12_000);
          await until(() => isReady(bench), { what: 'to be ready' });
          expect(await node.admin.call('ACL', 'LOG')).toEqual([]);
          expect(bench.logged('job.failed')).toEqual([]);
          expect(logins(bench)).toBeLessThanOrEqual(2);
        });
      }),
    30_000,
  );

  it('is refused every command that reaches beyond its keys, and every key that is not its own', ({
    expect,
  }) =>
    during(startNode, async (node) => {
      await admit(node, ['DESK']);
      const beyond = (await commandsOf(node)).filter(
        ({ name, categories }) =>
          name !== 'info' && categories.some((each) => each === '@admin' || each === '@dangerous'),
      );
      expect(beyond.length).toBeGreaterThan(40);
      await as(node, 'token-refresher', async (client) => {
        expect(await notRefused(client, beyond)).toEqual([]);
        for (const key of ['other', 'DESK2', 'bots:state', 'refresherx', 'Token:DESK', 'token'])
          for (const call of [client.get(key), client.set(key, '1'), client.del(key), client.rpush(key, '1')])
            expect(await refused(call), key).toBe(true);
        expect(await refused(client.publish('other', 'x'))).toBe(true);
        expect(await refused(client.subscribe('other'))).toBe(true);
        const script = "return redis.call('SET', 'other', '1')";
        expect(await refused(client.eval(script, 0))).toBe(true);
        expect(await client.rpush('DESK', 'token:DESK')).toBe(1);
      });
      expect(await node.admin.keys('*')).toEqual(['DESK']);
    }));

  it('forgets what an earlier line allowed, passwords too', ({ expect }) =>
    during(startNode, async (node) => {
      await node.admin.acl('SETUSER', 'token-refresher', 'on', '>made-up-old', '~*', '&*', '+@all');
      await admit(node, ['DESK']);
      await as(node, 'token-refresher', async (client) => {
        expect(await refused(client.set('other', '1'))).toBe(true);
        expect(await refused(client.flushall())).toBe(true);
      });
      await expect(node.admin.call('AUTH', 'token-refresher', 'made-up-old')).rejects.toThrow('WRONGPASS');
    }));
});

describe.runIf(major >= 7).concurrent('the user for bots in ops/redis/users.acl', () => {
  /** A server with that file, as ops/redis/start.sh starts it. */
  const startWithUsers = async (): Promise<RedisNode> => {
    const file = join(await freshFolder(), 'users.acl');
    const hash = createHash('sha256').update(PASS).digest('hex');
    const users = readFileSync(join(import.meta.dirname, '../../../ops/redis/users.acl'), 'utf8');
    // The server is looked at without a password before it is handed over.
    const open = users.replace('on #REDIS_PASSWORD', 'on nopass');
    await writeFile(file, open.replace('#BOTS_PASSWORD', `#${hash}`));
    return startNode(['--aclfile', file]);
  };

  it('may read what the contract names, and report a token', ({ expect }) =>
    during(startWithUsers, (node) =>
      served({ redisUrl: node.url, entries: [DESK] }, async (bench) => {
        await bench.keys(['token:DESK']);
        await as(node, 'bots', async (bot) => {
          expect(await bot.mget('token:DESK', 'auth:DESK')).not.toContain(null);
          expect(await bot.hgetall('meta:DESK')).toHaveProperty('headers');
          expect(await bot.hget('state:DESK', 'state')).toBe('fresh');
          expect(await bot.lrange('DESK', 0, -1)).toEqual(['token:DESK']);
          expect(await bot.get('refresher:contract')).toBe('1');
          const both = await bot.multi().get('token:DESK').pttl('token:DESK').exec();
          expect(both?.map(([error]) => error)).toEqual([null, null]);
          expect(await bot.xadd('token-reports', '*', 'name', 'DESK', 'generation', '1')).toMatch(/-/);
          expect(await bot.subscribe('token-events')).toBe(1);
        });
      }),
    ));

  it('is enough for the client, which goes without the server’s clock where it may not ask it', ({
    expect,
  }) =>
    during(startWithUsers, (node) =>
      served({ redisUrl: node.url, entries: [DESK] }, async (bench) => {
        await bench.keys(['token:DESK']);
        for (const rule of ['+time', '-time']) {
          await node.admin.call('ACL', 'SETUSER', 'bots', rule);
          await as(node, 'bots', async (bot) => {
            const reader = createTokenReader({ redis: bot });
            try {
              const read = await reader.read('DESK');
              expect(read?.token).toBe(await node.admin.get('token:DESK'));
              expect(read?.headers['Authorization']).toBe(`Bearer ${read?.token}`);
              let heard = false;
              reader.subscribe('DESK', () => (heard = true));
              await until(() => heard, { what: 'the subscriber to hear of it' });
            } finally {
              reader.close();
            }
          });
        }
      }),
    ));

  it('has a simpler one in its place for Redis 6.2', ({ expect }) =>
    during(startNode, async (node) => {
      const document = readFileSync(join(import.meta.dirname, '../../../docs/redis.md'), 'utf8');
      const [, keys = '', commands = ''] =
        /for 6\.2 give bots\s+`([^`]+)` with `([^`]+)`/.exec(document) ?? [];
      const rules = [...keys.split(' '), ...commands.split(' ')];
      await node.admin.call('ACL', 'SETUSER', 'bots', 'reset', 'on', `>${PASS}`, ...rules);
      await node.admin.set('token:DESK', 'made-up-token');
      await node.admin.hset('meta:DESK', 'generation', '1');
      await as(node, 'bots', async (bot) => {
        expect(await bot.get('token:DESK')).toBe('made-up-token');
        expect(await bot.hgetall('meta:DESK')).toEqual({ generation: '1' });
        for (const call of [bot.set('token:DESK', 'x'), bot.del('token:DESK'), bot.get('refresher:world')])
          expect(await refused(call)).toBe(true);
      });
    }));

  it('is refused every other command, and every other key', ({ expect }) =>
    during(startWithUsers, async (node) => {
      const may = [
        ...['get', 'mget', 'hget', 'hgetall', 'hmget', 'lrange', 'ttl', 'pttl', 'exists', 'type', 'xadd'],
        ...['subscribe', 'unsubscribe', 'multi', 'exec', 'discard', 'watch', 'unwatch'],
        ...['ping', 'time', 'info', 'select', 'client|setname'],
        // Redis lets everybody use these.
        ...['auth', 'hello', 'quit', 'reset'],
      ];
      const others = (await commandsOf(node)).filter(({ name }) => !may.includes(name));
      expect(others.length).toBeGreaterThan(250);
      await node.admin.rpush('refresher:list', '1');
      await as(node, 'bots', async (bot) => {
        expect(await notRefused(bot, others)).toEqual([]);
        for (const call of [
          bot.get('refresher:account:DESK'),
          bot.hgetall('refresher:account:DESK'),
          bot.lrange('refresher:list', 0, -1),
          bot.get('other'),
          bot.xadd('token:DESK', '*', 'a', 'b'),
          bot.xadd('other', '*', 'a', 'b'),
          bot.subscribe('other'),
        ])
          expect(await refused(call)).toBe(true);
      });
    }));
});
