import { hostname, userInfo } from 'node:os';
import type { Redis } from 'ioredis';
import { systemClock } from '../core/clock.ts';
import type { Config } from '../config/index.ts';
import { keepAct } from '../redis/audit.ts';
import { withRedis } from './session.ts';

/** Keeps what a person did at the command line; the running service writes it to its log. What was done is done all the same. */
export async function noteAct(
  redis: Redis,
  what: string,
  account: string,
  outcome: 'done' | 'failed',
): Promise<void> {
  const host = hostname();
  const act = { who: `command ${userName()}@${host}`, what, account, from: host, outcome };
  await keepAct(redis, act, systemClock.now()).catch(() => undefined);
}

/** The same of a command that had a connection of its own; an embedded Redis that it started is gone with it. */
export async function noteActBeside(
  config: Config,
  what: string,
  account: string,
  outcome: 'done' | 'failed',
): Promise<void> {
  await withRedis(config, (redis) => noteAct(redis, what, account, outcome)).catch(() => undefined);
}

/** In a container the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
