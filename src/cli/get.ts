import { Command } from 'commander';
import { commandConfig, withRedis } from './session.ts';
import { Failure } from './failure.ts';

/** `get NAME`: what a bot would read. */
export function getCommand(): Command {
  return new Command('get')
    .description('Print the live token of an account, as a bot reads it.')
    .argument('<name>', 'the name consumers read: token:<name>')
    .option('--headers', 'print all request headers a call to the broker needs, as JSON')
    .action(async (name: string, options: { headers?: boolean }) => {
      await withRedis(commandConfig(), async (redis) => {
        const value = options.headers
          ? await redis.hget(`meta:${name}`, 'headers')
          : await redis.get(`token:${name}`);
        if (value !== null) return void process.stdout.write(`${value}\n`);
        const [state, reason] = await redis.hmget(`state:${name}`, 'state', 'reason');
        throw new Failure(
          state
            ? `There is no live token for ${name}: ${state}${reason ? ` (${reason})` : ''}. "token-refresher status" says more.`
            : `There is no account named ${name}. "token-refresher status" lists them.`,
        );
      });
    });
}
