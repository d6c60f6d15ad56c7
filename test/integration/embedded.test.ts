import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { embeddedEndpoint, startEmbeddedRedis, type EmbeddedRedis } from '../../src/redis/embedded.ts';
import type { Exit } from '../../src/redis/embedded/server.ts';
import { freshFolder } from '../support/folder.ts';
import { until } from '../support/poll.ts';
import { startCli } from '../support/process.ts';
import { freePort } from '../support/redis.ts';

const server = inject('redisServer');

describe.skipIf(server === null)('the embedded Redis', () => {
  let stateDir: string;
  let running: EmbeddedRedis[];
  let clients: Redis[];
  let exits: Exit[];
  let said: string[];

  beforeEach(async () => {
    stateDir = join(await freshFolder(), 'data');
    [running, clients, exits, said] = [[], [], [], []];
  });
  afterEach(async () => {
    for (const client of clients) client.disconnect();
    await Promise.all(running.map((redis) => redis.stop()));
  });

  const start = async (port?: number, dir = stateDir): Promise<EmbeddedRedis> => {
    if (server === null) throw new Error('no server');
    const [say, onExit] = [(line: string) => said.push(line), (exit: Exit) => exits.push(exit)];
    const redis = await startEmbeddedRedis({ stateDir: dir, port, server, clock: systemClock, say, onExit });
    running.push(redis);
    return redis;
  };
  const client = ({ url }: { readonly url: string }): Redis => {
    const connection = new Redis(url, { maxRetriesPerRequest: 20, retryStrategy: () => 50 });
    connection.on('error', () => undefined);
    clients.push(connection);
    return connection;
  };
  const serverPid = async (redis: Redis): Promise<number> =>
    Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);

  it('runs on 127.0.0.1 with append-only files, evicts nothing, and tells where it is', async () => {
    const redis = await start();
    const connection = client(redis);
    expect(await connection.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await connection.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await connection.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
    expect(redis.port).toBeGreaterThanOrEqual(6379);
    expect(await embeddedEndpoint(stateDir)).toBe(redis.url);
    expect((await stat(join(stateDir, 'redis'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(stateDir, 'redis/endpoint'))).mode & 0o777).toBe(0o600);
  });

  it('is out of reach of a Ctrl-C at the terminal: it leads a process group of its own', async () => {
    const pid = await serverPid(client(await start()));
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ');
    expect(Number(fields?.[2])).toBe(pid);
  });

  it('keeps its data from one run to the next, and leaves nothing that blocks', async () => {
    const first = await start();
    await client(first).set('token:a', 'made-up');
    await first.stop();
    expect(await embeddedEndpoint(stateDir)).toBeUndefined();
    expect((await readdir(join(stateDir, 'redis'))).filter((name) => /held-by|pid/.test(name))).toEqual([]);
    expect(await client(await start()).get('token:a')).toBe('made-up');
  });

  it('takes the next free port where none is asked for, and refuses one that is taken', async () => {
    const first = await start();
    const second = await start(undefined, join(await freshFolder(), 'other'));
    expect(second.port).toBeGreaterThan(first.port);

    const port = await freePort();
    const squatter = createServer();
    await new Promise<void>((ready) => squatter.listen(port, '127.0.0.1', ready));
    await expect(start(port, join(await freshFolder(), 'third'))).rejects.toThrow(
      `EMBEDDED_REDIS_PORT: port ${port} is taken`,
    );
    await new Promise((closed) => squatter.close(closed));
  });

  it('gives a state folder to one process at a time, and says which has it', async () => {
    await start();
    const refused = start();
    await expect(refused).rejects.toBeInstanceOf(ConfigurationError);
    await expect(refused).rejects.toThrow(`is in use by process ${process.pid}`);
  });

  it('comes back on the same port with its data when it is killed', async () => {
    const redis = await start();
    const connection = client(redis);
    await connection.set('token:a', 'made-up');
    const before = await serverPid(connection);
    process.kill(before, 'SIGKILL');
    expect(await connection.get('token:a')).toBe('made-up');
    expect(await serverPid(connection)).not.toBe(before);
    expect(exits).toMatchObject([{ signal: 'SIGKILL' }]);
  });

  it('can be stopped while it is being started again', async () => {
    const redis = await start();
    const pid = await serverPid(client(redis));
    process.kill(pid, 'SIGKILL');
    await until(() => exits.length === 1, { what: 'the exit to be told' });
    await redis.stop();
    await expect(client(redis).get('token:a')).rejects.toThrow();
  });

  it('is stopped even where it does not answer any more', async () => {
    const redis = await start();
    process.kill(await serverPid(client(redis)), 'SIGSTOP');
    await redis.stop();
    expect(await embeddedEndpoint(stateDir)).toBeUndefined();
  });

  it('ends the server that a killed service left behind, and takes over its data', async () => {
    const service = await startCli([stateDir, JSON.stringify(server)], {
      entry: 'test/support/embedded-service.ts',
    });
    const url = String((await service.event({ event: 'up' }))['url']);
    const orphan = client({ url });
    await orphan.set('token:a', 'made-up');
    const pid = await serverPid(orphan);
    await expect(start()).rejects.toThrow(`is in use by process ${service.pid}`);

    await service.kill();
    const redis = await start();
    expect(redis.url).toBe(url);
    const connection = client(redis);
    expect(await connection.get('token:a')).toBe('made-up');
    expect(await serverPid(connection)).not.toBe(pid);
    expect(said).toEqual([expect.stringContaining(`process ${pid}`)]);
  });
});
