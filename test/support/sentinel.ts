import { Redis } from 'ioredis';
import { until } from './poll.ts';
import { freePort, type ClientOptions } from './redis.ts';
import { copied, startNode, startSentinelNode, type RedisNode } from './redis-process.ts';
import { asClient, tlsSettings, type Certificates } from './tls.ts';

/** A master, its replica, and three sentinels that watch them. */
export interface Guarded {
  readonly nodes: readonly [RedisNode, RedisNode];
  /** REDIS_SENTINELS and REDIS_SENTINEL_NAME. */
  readonly settings: Readonly<Record<string, string>>;
  /** A client that follows the master. */
  connect(how?: ClientOptions): Redis;
  /** Waits until everything written so far is on the replica. */
  copied(): Promise<void>;
  /** Has the sentinels change master and replica, as for maintenance. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

export interface GuardedOptions {
  /** Encrypts everything, the sentinels included. */
  readonly tls?: Certificates;
  /** Of the sentinels. */
  readonly password?: string;
}

const NAME = 'made-up-tokens';

export async function startGuarded({ tls, password }: GuardedOptions = {}): Promise<Guarded> {
  const encryption = async (): Promise<{ port: number | undefined; settings: readonly string[] }> => {
    const port = tls && (await freePort());
    const settings = tls && port ? [...tlsSettings(tls, port, 'yes'), '--tls-replication', 'yes'] : [];
    return { port, settings };
  };
  const first = await encryption();
  const master = await startNode(first.settings);
  const masterPort = first.port ?? master.port;
  const follow = ['--replicaof', `127.0.0.1 ${masterPort}`];
  const replica = await startNode([...(await encryption()).settings, ...follow]);
  await until(async () => (await replica.admin.info('replication')).includes('master_link_status:up'), {
    what: 'the replica to follow',
  });

  const begin = async (): Promise<{ node: RedisNode; port: number }> => {
    const { port, settings } = await encryption();
    const node = await startSentinelNode(
      [
        ...asLines([...settings, ...(password ? ['--requirepass', password] : [])]),
        `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
        `sentinel down-after-milliseconds ${NAME} 1000`,
        `sentinel failover-timeout ${NAME} 5000`,
        ...(password ? [`sentinel sentinel-pass ${password}`] : []),
      ],
      password,
    );
    return { node, port: port ?? node.port };
  };
  const sentinels = await Promise.all([begin(), begin(), begin()]);
  // They find each other by way of the master; before that none of them can have a majority.
  for (const { node } of sentinels) {
    const known = async (): Promise<string> => String(await node.admin.call('SENTINEL', 'CKQUORUM', NAME));
    await until(async () => (await known()).startsWith('OK 3'), { what: 'the sentinels to know each other' });
    const replicas = async (): Promise<unknown> => node.admin.call('SENTINEL', 'REPLICAS', NAME);
    await until(async () => JSON.stringify(await replicas()).includes(':'), {
      what: 'them to know the replica',
    });
  }
  const endpoints = sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
  const clients = new Set<Redis>();
  return {
    nodes: [master, replica],
    settings: {
      REDIS_SENTINELS: endpoints.map(({ host, port }) => `${host}:${port}`).join(','),
      REDIS_SENTINEL_NAME: NAME,
    },
    connect(how) {
      const encrypted = tls && asClient(tls);
      const client = new Redis({
        sentinels: endpoints,
        name: NAME,
        ...(password && { sentinelPassword: password }),
        ...(encrypted && { tls: encrypted, sentinelTLS: encrypted, enableTLSForSentinelMode: true }),
        maxRetriesPerRequest: 3,
        ...how,
      });
      clients.add(client);
      return client;
    },
    copied: () => copied(master.admin),
    async failOver() {
      await sentinels[0].node.admin.call('SENTINEL', 'FAILOVER', NAME);
      await until(async () => (await replica.admin.info('replication')).includes('role:master'), {
        what: 'the replica to be the master',
      });
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all([...sentinels.map(({ node }) => node.stop()), replica.stop(), master.stop()]);
    },
  };
}

/** Settings of a command line as lines of a file. */
const asLines = (settings: readonly string[]): readonly string[] =>
  settings
    .join(' ')
    .split(/(?:^| )--/)
    .filter((line) => line !== '');
