import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** A Lua script: one step on the server that nobody can see half of. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

function load(...files: readonly string[]): Script {
  const text = files
    .map((file) => readFileSync(new URL(`scripts/${file}.lua`, import.meta.url), 'utf8'))
    .join('\n');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export const scripts = {
  acquire: load('breaker-pace', 'breaker-says', 'acquire'),
  extend: load('extend'),
  release: load('release'),
  note: load('budget', 'ramp', 'breaker-pace', 'breaker-says', 'note'),
  commit: load(
    'fence',
    'ramp',
    'breaker-pace',
    'breaker',
    'publish',
    'patience',
    'uses',
    'pause',
    'decisions',
    'commit',
  ),
  settle: load(
    'fence',
    'ramp',
    'breaker-pace',
    'breaker',
    'budget',
    'publish',
    'patience',
    'uses',
    'pause',
    'decisions',
    'settle',
  ),
  rearm: load('rearm'),
  claim: load('claim'),
  unqueueLost: load('unqueue-lost'),
  request: load('request'),
  forget: load('publish', 'forget'),
  report: load('report'),
  overdue: load('publish', 'overdue'),
  intervene: load('publish', 'intervene'),
  silence: load('silence'),
  reseal: load('reseal'),
} as const;

/** Runs a script by its digest; the server that does not know it yet is given the text. */
export async function run(
  redis: Redis,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(script.text, keys.length, ...keys, ...args);
  }
}
