import { Command, InvalidArgumentError } from 'commander';
import type { Redis } from 'ioredis';
import { parseRedisUrl } from '../config/index.ts';
import { promises } from '../conformance/promises.ts';
import { watch, type Watched } from '../conformance/watch.ts';
import { systemClock } from '../core/clock.ts';
import type { RedisAddress } from '../redis/connection.ts';
import { Failure } from './failure.ts';
import { untilSignal } from './first-steps.ts';
import { taught } from './manual.ts';
import { printJson } from './print.ts';
import { reachRedis } from './reach.ts';
import { addressOf, commandConfig } from './session.ts';

interface Options {
  readonly redis?: string;
  readonly name?: readonly string[];
  readonly seconds: number;
  readonly json?: boolean;
}

/** `conformance`: what a running deployment keeps of the contract, seen from a reader's side. */
export function conformanceCommand(): Command {
  const command = new Command('conformance')
    .description("Watch a running deployment from a reader's side, and say what held of the contract.")
    .option('--redis <url>', 'the Redis to read; where it is not given, that of the settings')
    .option('--name <name>', 'watch this account, and others named so; where none is, all', collect)
    .option('--seconds <n>', 'for how long', wholeSeconds, 60)
    .option('--json', 'print JSON for machines')
    .action(async (options: Options) => {
      const where = await whereIs(command, options.redis);
      const watched = await reachRedis(where, (redis) =>
        reachRedis(where, (ear) => watchAll(redis, ear, options)),
      );
      const isBroken = watched.broken.length > 0;
      if (!options.json) process.stdout.write(lines(watched));
      else if (!isBroken) printJson(shown(watched));
      if (isBroken) {
        const kinds = new Set(watched.broken.map(({ promise }) => promise));
        const words = kinds.size === 1 ? 'One promise' : `${kinds.size} promises`;
        throw new Failure('NOT_CONFORMING', `${words} of the contract did not hold.`, shown(watched));
      }
    });
  return taught(command, {
    more: `It only reads, as a bot does; with --redis it needs no settings. To find the accounts it needs SCAN, which the user "bots"
has not: name them then. What nothing put to the test is "not seen": watch for longer than a token lives.
Ctrl-C ends it early, with what was seen so far.`,
    examples: [
      { line: 'conformance', says: 'a minute of the Redis of the settings' },
      {
        line: 'conformance --redis redis://127.0.0.1:6379 --seconds 300 --json',
        says: 'five minutes, for a program',
      },
    ],
    exits: [
      'all that was seen held',
      'something did not hold, there is no account, or Redis does not answer',
    ],
    json: '"accounts", "looks", "new_tokens", "held", "broken", "not_seen".',
  });
}

async function watchAll(redis: Redis, ear: Redis, options: Options): Promise<Watched> {
  const names = options.name ?? (await namesIn(redis));
  if (names.length === 0) {
    throw new Failure('UNKNOWN_ACCOUNT', 'There is no account in this Redis. Is it the right one?');
  }
  const forMs = options.seconds * 1_000;
  return untilSignal((signal) => watch({ redis, ear, names, forMs, clock: systemClock, signal }));
}

async function whereIs(command: Command, url: string | undefined): Promise<RedisAddress> {
  if (url === undefined) return addressOf(commandConfig());
  // Commander's own word for a wrong value repeats it: a password may be in it.
  return (
    parseRedisUrl(url) ??
    command.error('error: --redis is redis://HOST:6379 or rediss://…, as in REDIS_URL.', { exitCode: 2 })
  );
}

const collect = (name: string, names: readonly string[] = []): readonly string[] => [...names, name];

function wholeSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400) {
    throw new InvalidArgumentError('It is a whole number of seconds, from 1 to 86400.');
  }
  return seconds;
}

async function namesIn(redis: Redis): Promise<readonly string[]> {
  const found = new Set<string>();
  try {
    for await (const keys of redis.scanStream({ match: 'state:*', count: 1_000 })) {
      for (const key of keys as readonly string[]) found.add(key.slice('state:'.length));
    }
  } catch (error) {
    if (error instanceof Error && error.message.includes('NOPERM')) {
      throw new Failure('REDIS_UNFIT', 'This user may not SCAN: say which accounts to watch, with --name.');
    }
    throw error;
  }
  return [...found].sort();
}

const shown = ({ names, looks, rotations, deafness, held, broken, unseen }: Watched) => ({
  accounts: names,
  looks,
  new_tokens: rotations,
  ...(deafness !== '' && { events_unheard: deafness }),
  held: held.map(({ promise, looks: count }) => ({ promise, words: promises[promise], looks: count })),
  broken: broken.map((fault) => ({ ...fault, words: promises[fault.promise] })),
  not_seen: unseen.map((promise) => ({ promise, words: promises[promise] })),
});

function lines({ names, looks, rotations, deafness, held, broken, unseen }: Watched): string {
  const accounts = `${names.length} ${names.length === 1 ? 'account' : 'accounts'}`;
  return [
    `${accounts}, ${looks} looks, ${rotations} new ${rotations === 1 ? 'token' : 'tokens'}.`,
    ...(deafness === '' ? [] : [`Events were not heard: ${deafness}`]),
    ...held.map(({ promise, looks: count }) => `held      ${promises[promise]} (${count})`),
    ...broken.map(
      ({ promise, name, what, at, times }) =>
        `BROKEN    ${promises[promise]}: ${name}, ${what} (${times} ${times === 1 ? 'time' : 'times'}, first at ${at})`,
    ),
    ...unseen.map((promise) => `not seen  ${promises[promise]}`),
    '',
  ].join('\n');
}
