import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pino from 'pino';
import { start, type Service } from '../../src/app/start.ts';
import { readConfig } from '../../src/config/index.ts';
import { systemClock, type Random } from '../../src/core/clock.ts';
import { readFileSync } from 'node:fs';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.ts';
import { freshFolder } from './folder.ts';
import { track } from './leaks.ts';
import { until } from './poll.ts';
import { startRedis, type TestRedis, type TestRedisOptions } from './redis.ts';

export interface ServiceBench {
  readonly service: Service;
  readonly simulator: Simulator;
  /** The folder with credentials.json and the state. */
  readonly folder: string;
  readonly redis: Redis;
  /** Every log line so far, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Events of `token-events`, parsed, in order. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** Entries, or the file's text as it is. */
  writeCredentials(entries: readonly unknown[] | string): Promise<void>;
  /** Waits until Redis has these keys. */
  keys(keys: readonly string[], timeoutMs?: number): Promise<void>;
  /** Waits for `state:<name>` to say this. */
  state(name: string, state: string, timeoutMs?: number): Promise<Readonly<Record<string, string>>>;
  /** The log lines of one event. */
  logged(event: string): readonly Readonly<Record<string, unknown>>[];
  /** Starts the service anew on the same Redis, state and brokers; `env`: settings that change with it. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

export interface BenchOptions {
  readonly redisUrl: string;
  /** How the test itself reaches Redis; left out: by `redisUrl`. */
  readonly connect?: () => Redis;
  readonly entries: readonly unknown[];
  readonly simulator?: SimulatorOptions;
  /** Brokers that run already, e.g. those of another service; they are not stopped with this one. */
  readonly brokers?: Simulator;
  /** Where brokers are, by setting, in place of the simulator. */
  readonly baseUrls?: Readonly<Record<string, string>>;
  /** Further settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** The instant (ms) at which it begins, for service and brokers: from then on `simulator.clock` is the time of both. */
  readonly at?: number;
  /** Chance, where waits are to be short; must not be the same number each time. */
  readonly random?: Random;
}

/** The whole service in this process, on a real Redis, with simulated brokers behind real HTTP. */
export async function startBench(options: BenchOptions): Promise<ServiceBench> {
  const folder = await freshFolder();
  const write = (entries: readonly unknown[] | string): Promise<void> =>
    writeFile(
      join(folder, 'credentials.json'),
      typeof entries === 'string' ? entries : JSON.stringify(entries),
    );
  await write(options.entries);
  const simulator = options.brokers ?? (await startSimulator(options.simulator));
  if (options.at !== undefined && !options.brokers) simulator.clock.set(options.at);
  const clock = { now: () => simulator.clock.now(), sleep: systemClock.sleep };
  const log: Record<string, unknown>[] = [];
  const events: Record<string, unknown>[] = [];
  const connect = options.connect ?? (() => new Redis(options.redisUrl));
  const redis = connect();
  const subscriber = connect();
  // Errors reach the test through its commands; without a listener ioredis prints them too.
  for (const client of [redis, subscriber]) client.on('error', () => undefined);
  await subscriber.subscribe('token-events');
  subscriber.on('message', (_, text: string) => events.push(JSON.parse(text) as Record<string, unknown>));

  let gaveUp: string | undefined;
  const begin = (env: Readonly<Record<string, string>> = {}): Promise<Service> =>
    start({
      config: readConfig({
        env: {
          REDIS_URL: options.redisUrl,
          HTTP_PORT: '0',
          SIMULATE: '1',
          STATE_DIR: join(folder, 'data'),
          ENV_FILE: '',
          ...options.env,
          ...env,
        },
        folder,
        readText: (path) => readFileSync(path, 'utf8'),
      }),
      version: '0.0.0',
      ...(options.at !== undefined && { clock }),
      ...(options.random && { random: options.random }),
      simulator: { setting: (variable) => options.baseUrls?.[variable] ?? simulator.setting(variable) },
      log: pino(
        { level: 'debug', base: null },
        { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
      ),
      giveUp(reason) {
        gaveUp ??= reason;
      },
    });
  let service = await begin();
  const stop = async (): Promise<void> => {
    untrack();
    await service.stop();
    if (!options.brokers) await simulator.stop();
    redis.disconnect();
    subscriber.disconnect();
    // Thrown inside the service it would be one more trouble of its schedule, and no test would see it.
    if (gaveUp !== undefined) throw new Error(`the service gave up: ${gaveUp}`);
  };
  const untrack = track('a service', stop);
  return {
    get service() {
      return service;
    },
    simulator,
    folder,
    redis,
    log,
    events,
    writeCredentials: write,
    async keys(keys, timeoutMs) {
      const areThere = async (): Promise<boolean> => {
        const there = await Promise.all(keys.map((key) => redis.exists(key)));
        const gone = keys.filter((_, i) => there[i] === 0);
        if (gone.length > 0) throw new Error(`missing: ${gone.join(', ')}`);
        return true;
      };
      await until(areThere, {
        what: `${keys.length} keys`,
        ...(timeoutMs !== undefined && { timeoutMs }),
      });
    },
    state: (name, state, timeoutMs) =>
      until(
        async () => {
          const said = await redis.hgetall(`state:${name}`);
          return said['state'] === state && said;
        },
        {
          what: `the state of ${name} to be ${state}`,
          ...(timeoutMs !== undefined && { timeoutMs }),
        },
      ),
    logged: (event) => log.filter((line) => line['event'] === event),
    async restart(env) {
      await service.stop();
      service = await begin(env);
    },
    stop,
  };
}

/** What a service finds when it starts: a Redis and brokers that run already. */
export interface Ground {
  readonly server: TestRedis;
  readonly brokers: Simulator;
}

export interface GroundOptions extends Omit<BenchOptions, 'redisUrl' | 'brokers'> {
  readonly server?: TestRedisOptions;
  /** Done before the service starts, e.g. foreign keys or the fault that its first login meets. */
  readonly before?: (ground: Ground) => unknown;
}

/** Runs `work` with a service on a Redis of its own and ends all of it: for tests that run side by side. */
export async function withBench(
  { server: redis, before, simulator, ...options }: GroundOptions,
  work: (bench: ServiceBench, ground: Ground) => Promise<void>,
): Promise<void> {
  const [server, brokers] = await Promise.all([startRedis(redis), startSimulator(simulator)]);
  if (options.at !== undefined) brokers.clock.set(options.at);
  try {
    await before?.({ server, brokers });
    const bench = await startBench({ ...options, redisUrl: server.url, brokers });
    try {
      await work(bench, { server, brokers });
    } finally {
      await bench.stop();
    }
  } finally {
    await brokers.stop();
    await server.stop();
  }
}
