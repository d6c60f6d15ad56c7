import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { start, type Service } from '../../../src/app/start.ts';
import { readConfig } from '../../../src/config/index.ts';
import { freshFolder } from '../../support/folder.ts';
import { until } from '../../support/poll.ts';
import { startBench, type BenchOptions, type ServiceBench } from '../../support/service.ts';

export const DESK = { username: 'DESK', password: 'made-up-pass' };
export const IG = { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' };

/** Runs `work` with what `start` starts, and stops that. */
export async function during<T extends { stop(): Promise<void> }>(
  start: () => Promise<T>,
  work: (started: T) => Promise<void>,
): Promise<void> {
  const started = await start();
  try {
    await work(started);
  } finally {
    await started.stop();
  }
}

/** Runs `work` with a service on a Redis that is there already, and stops the service. */
export const served = (options: BenchOptions, work: (bench: ServiceBench) => Promise<void>): Promise<void> =>
  during(() => startBench(options), work);

/** A service that starts, or tries to. */
export interface Beginning {
  /** The service, or why there is none. */
  readonly outcome: Promise<Service | Error>;
  /** Waits for a line of this event. */
  said(event: string): Promise<Readonly<Record<string, unknown>>>;
  stop(): Promise<void>;
}

export async function begin(env: Readonly<Record<string, string>>): Promise<Beginning> {
  const folder = await freshFolder();
  await writeFile(join(folder, 'credentials.json'), JSON.stringify([DESK]));
  const log: Record<string, unknown>[] = [];
  const ending = new AbortController();
  let gaveUp: string | undefined;
  const started = start({
    config: readConfig({
      env: { HTTP_PORT: '0', SIMULATE: '1', ENV_FILE: '', ...env },
      folder,
      readText: (path) => readFileSync(path, 'utf8'),
    }),
    version: '0.0.0',
    signal: ending.signal,
    log: pino(
      { base: null },
      { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
    ),
    giveUp(reason) {
      gaveUp ??= reason;
    },
  });
  const outcome = started.catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  return {
    outcome,
    said: (event) => until(() => log.find((line) => line['event'] === event), { what: `the event ${event}` }),
    async stop() {
      ending.abort();
      const ended = await outcome;
      if (!(ended instanceof Error)) await ended.stop();
      if (gaveUp !== undefined) throw new Error(`the service gave up: ${gaveUp}`);
    },
  };
}

export const logins = ({ simulator }: ServiceBench): number => simulator.calls({ operation: 'login' }).length;

/** The refresh tokens that went to the broker, in order. */
export const spent = ({ simulator }: ServiceBench): readonly (string | undefined)[] =>
  simulator.calls({ operation: 'refresh-token' }).map((call) => call.spent);

export const isReady = async ({ service }: Pick<ServiceBench, 'service'>): Promise<boolean> =>
  (await fetch(`${service.url}/readyz`)).status === 200;

/** Makes the next renewal of the IG login due now, as at the end of its time. */
export async function dueNow(redis: ServiceBench['redis']): Promise<void> {
  await redis.hset('refresher:account:IG', 'renewAt', Date.now());
  await redis.zadd('refresher:due:ig', Date.now(), 'IG');
}
