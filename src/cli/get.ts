import { Command } from 'commander';
import type { Redis } from 'ioredis';
import { Failure, unknownAccount } from './failure.ts';
import { taught } from './manual.ts';
import { print, printJson } from './print.ts';
import { commandConfig, withRedis } from './session.ts';

interface Options {
  readonly headers?: boolean;
  readonly json?: boolean;
}

/** `get NAME`: what a bot would read. */
export function getCommand(): Command {
  const command = new Command('get')
    .description('Print the live token of an account, as a bot reads it.')
    .argument('<name>', 'the name consumers read: token:<name>')
    .option('--headers', 'print all request headers a call to the broker needs, as JSON')
    .option('--json', 'print JSON for machines: the token with its headers and its end')
    .action(async (name: string, options: Options) => {
      const read = await withRedis(commandConfig(), (redis) => readAsBot(redis, name));
      const value = options.headers ? read.headers : read.token;
      if (value === null) throw whyNone(name, read);
      if (!options.json) return print(value);
      const headers: unknown = read.headers === null ? null : JSON.parse(read.headers);
      const { token, generation, expiresAt, baseUrl } = read;
      printJson({
        name,
        token,
        headers,
        generation: generation === null ? null : Number(generation),
        expires_at: expiresAt,
        base_url: baseUrl,
      });
    });
  return taught(command, {
    more: 'It prints a secret: mind where the output goes.',
    examples: [
      { line: 'get USER_000000', says: 'the token alone' },
      { line: 'get USER_000000 --headers', says: 'every header that a call to the broker needs' },
    ],
    exits: ['printed', 'there is no live token (it says why), no such account, or Redis does not answer'],
    json: '"name", "token", "headers", "generation", "expires_at", "base_url", all of one generation.',
  });
}

interface Read {
  readonly token: string | null;
  readonly headers: string | null;
  readonly generation: string | null;
  readonly expiresAt: string | null;
  readonly baseUrl: string | null;
  readonly state: string | null;
  readonly reason: string | null;
}

/** In one step, so that token and headers are of one generation. */
async function readAsBot(redis: Redis, name: string): Promise<Read> {
  const replies = await redis
    .multi()
    .get(`token:${name}`)
    .hmget(`meta:${name}`, 'headers', 'generation', 'expiresAt', 'baseUrl')
    .hmget(`state:${name}`, 'state', 'reason')
    .exec();
  const failed = replies?.find(([error]) => error)?.[0];
  if (failed) throw failed;
  const textAt = (reply: number, field: number): string | null => {
    const value = replies?.[reply]?.[1];
    const text: unknown = Array.isArray(value) ? value[field] : value;
    return typeof text === 'string' ? text : null;
  };
  return {
    token: textAt(0, 0),
    headers: textAt(1, 0),
    generation: textAt(1, 1),
    expiresAt: textAt(1, 2),
    baseUrl: textAt(1, 3),
    state: textAt(2, 0),
    reason: textAt(2, 1),
  };
}

function whyNone(name: string, { state, reason }: Read): Failure {
  if (!state) return unknownAccount(name);
  const because = reason ? ` (${reason})` : '';
  return new Failure(
    'NO_TOKEN',
    `There is no live token for ${name}: ${state}${because}. "token-refresher explain ${name}" says more.`,
    { name, state, reason: reason || null },
  );
}
