import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { startSimulator, type Simulator } from '../../../src/simulator/index.ts';
import { startDiscord, type FakeDiscord } from '../../support/discord.ts';
import { kill, makeEndings, stop, type Endings } from '../../support/endings.ts';
import { freshFolder } from '../../support/folder.ts';
import { runCli } from '../../support/process.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { startRunning, type Running } from '../../support/running.ts';
import { brokerOf, loginOf, type Entry } from './entries.ts';
import { viewOf, type Ground, type View } from './view.ts';

export interface DeskOptions {
  readonly entries: readonly Entry[];
  /** How long IG's access tokens live, s. */
  readonly igLifeS?: number;
  /** The same for Tradovate's. */
  readonly tradovateLifeS?: number;
  /** Switches of the simulated Tradovate that are to be otherwise than here. */
  readonly tradovate?: Readonly<Record<string, unknown>>;
  /** True: the limits that the service and the simulated brokers have where nobody sets any. */
  readonly hasLimits?: boolean;
  /** How long every call of a broker takes, ms. */
  readonly latencyMs?: number;
  /** A Redis that the test has deployed; left out, one that keeps its data. */
  readonly redis?: Deployed;
  /** Before the first process: the fault its first login meets, a broker's own idea of a password. */
  readonly before?: (simulator: Simulator) => void;
}

/** A Redis as somebody deployed it. */
export interface Deployed extends Ground {
  /** What leads a process of the service to it. */
  readonly env: Readonly<Record<string, string>>;
}

export interface StartOptions {
  /** The folder of an earlier process: its state is used again. */
  readonly like?: Running;
  /** Another credentials file than the desk's. */
  readonly entries?: readonly Entry[];
  readonly env?: Readonly<Record<string, string>>;
  /** A STATE_DIR that several processes share; left out, each has its own. */
  readonly stateDir?: string;
  readonly port?: number;
  /** Another program than this version's, below the project's root. */
  readonly program?: string;
}

/** A Redis that keeps its data, brokers that judge, a Discord that listens, and processes of the service. */
export interface Desk extends View {
  /** Its own Redis: one that the test has deployed is the test's to break. */
  readonly server: Pick<TestRedis, 'kill' | 'restart'>;
  readonly simulator: Simulator;
  readonly discord: FakeDiscord;
  /** Starts a process; a test that does not end it has it ended. */
  start(options?: StartOptions): Promise<Running>;
  /** The same, and waits until it serves. */
  serve(options?: StartOptions): Promise<Running>;
  newFolder(): Promise<string>;
  /** A person logs in at Upstox by the service's link. */
  logIn(service: Running, name: string): Promise<number>;
  /** The same desk seen in another Redis than its own, e.g. one that a service brought along. */
  at(url: string): Desk;
  /** Redis stands still for so long, its connections open. */
  freezeRedis(ms: number): Promise<void>;
}

/** Runs `work` on a desk of its own and takes all of it down: for tests that run side by side. */
export async function onDesk(
  options: DeskOptions,
  work: (desk: Desk, ends: Endings) => Promise<void>,
): Promise<void> {
  const ends = makeEndings();
  try {
    await work(await openDesk(ends, options), ends);
  } finally {
    await ends.all();
  }
}

/** What every process of a desk seals with. */
export const SEALING_KEY = Buffer.alloc(32, 7);
/** Brokers' minutes are seconds here, so their quotas must not be what is tested. */
const wide = {
  IG_KEY_CALLS_PER_MINUTE: '100000',
  IG_DEMO_KEY_CALLS_PER_MINUTE: '100000',
  IG_ACCOUNT_CALLS_PER_MINUTE: '100000',
  TRADOVATE_RENEWALS_PER_HOUR: '100000',
  TRADOVATE_FAILED_LOGINS_PER_HOUR: '1000',
  IG_FAILED_LOGINS_PER_WINDOW: '1000',
};

let compiled: Promise<string> | undefined;
/** Processes are started by the hundred here: what Node compiles is kept, which halves what a start takes. */
async function compileCache(): Promise<string> {
  const folder = await freshFolder();
  await runCli(['--help'], { env: { NODE_COMPILE_CACHE: folder } });
  return folder;
}

/** Starts the ground that processes of the service stand on; `ends` takes all of it down. */
export async function openDesk(ends: Endings, options: DeskOptions): Promise<Desk> {
  const { entries, igLifeS = 6, tradovateLifeS = 80 * 60, latencyMs = 60, hasLimits = false } = options;
  const { ground, server } = options.redis
    ? { ground: options.redis, server: { kill: never, restart: never } }
    : await ownRedis(ends);
  const simulator = ends.add(
    await startSimulator({
      latencyMs,
      switches: {
        // Bots ask all the time.
        ig: { accessTtl: igLifeS, ...(!hasLimits && { keyQuota: 1e6, accountQuota: 1e6 }) },
        tradovate: {
          lifetimeSeconds: tradovateLifeS,
          ...(!hasLimits && { 'limits.renew': 1e6, 'limits.user': 1e6 }),
          // Else a lost login's session and its repetition would end the served token before its time.
          'bridge.countsAsSession': 'off',
          ...options.tradovate,
        },
      },
    }),
    stop,
  );
  for (const entry of entries.filter((each) => brokerOf(each) === 'upstox')) {
    const { clientId, redirectUri } = entry;
    simulator.command('upstox', 'register', `${String(clientId)} ${loginOf(entry)} ${String(redirectUri)}`);
  }
  options.before?.(simulator);
  const discord = ends.add(await startDiscord(), stop);
  const redis = ends.add(ground.connect({ maxRetriesPerRequest: 3, retryStrategy: () => 100 }), (client) =>
    client.disconnect(),
  );
  const adminToken = randomBytes(16).toString('hex');
  const cache = await (compiled ??= compileCache());

  const start: Desk['start'] = async ({
    like,
    entries: others = entries,
    env = {},
    stateDir,
    port,
    program,
  } = {}) =>
    ends.add(
      await startRunning({
        entries: others,
        ...(like && { like }),
        ...(port !== undefined && { port }),
        ...(program !== undefined && { entry: program }),
        env: {
          SECRET_KEY: SEALING_KEY.toString('base64'),
          ADMIN_TOKEN: adminToken,
          NODE_COMPILE_CACHE: cache,
          ...ground.env,
          ...(!hasLimits && wide),
          ...simulator.settings,
          ...discord.env,
          ...(stateDir !== undefined && { STATE_DIR: stateDir }),
          ...env,
        },
      }),
      kill,
    );
  const desk: Desk = {
    ...viewOf(ground, redis, entries),
    server,
    simulator,
    discord,
    start,
    at(url) {
      const there = groundAt(url);
      const client = there.connect({ maxRetriesPerRequest: 3, retryStrategy: () => 100 });
      ends.add(client, () => client.disconnect());
      return { ...desk, ...viewOf(there, client, entries) };
    },
    async serve(given) {
      const service = await start(given);
      await service.ready(30_000);
      return service;
    },
    async newFolder() {
      const folder = join(await freshFolder(), 'state');
      await mkdir(folder);
      return folder;
    },
    async freezeRedis(ms) {
      const pid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
      if (inject('redisSource').from === 'container') {
        await redis.call('CLIENT', 'PAUSE', ms, 'ALL');
        return void (await sleep(ms));
      }
      process.kill(pid, 'SIGSTOP');
      await sleep(ms);
      process.kill(pid, 'SIGCONT');
    },
    async logIn(service, name) {
      const headers = { authorization: `Bearer ${adminToken}` };
      const begun = await service.ask(`/oauth/upstox/${name}`, { headers });
      const dialog = await fetch(`${begun.headers.get('location') ?? ''}&auto=1`, { redirect: 'manual' });
      await dialog.body?.cancel();
      const back = new URL(dialog.headers.get('location') ?? '');
      return (await service.ask(`/callback${back.search}`)).status;
    },
  };
  return desk;
}

const never = (): Promise<void> => Promise.reject(new Error('this Redis was deployed by the test'));

async function ownRedis(ends: Endings): Promise<{ readonly ground: Deployed; readonly server: TestRedis }> {
  const server = ends.add(await startRedis({ own: true, durable: true }), stop);
  return { ground: { ...groundAt(server.url), env: { REDIS_URL: server.url } }, server };
}

const groundAt = (url: string): Ground => ({ connect: (how) => new Redis(url, how) });
