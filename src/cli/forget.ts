import { Command } from 'commander';
import { forgetAccount } from '../app/forgetting.ts';
import { systemClock } from '../core/clock.ts';
import { makeRoster } from '../redis/roster.ts';
import { noteAct } from './acts.ts';
import { Failure } from './failure.ts';
import { commandConfig, silent, withRedis } from './session.ts';

interface Options {
  readonly whileServed?: boolean;
  readonly json?: boolean;
}

/** `forget NAME`: deletes the keys of a removed account, and all that is remembered of it. */
export function forgetCommand(): Command {
  return new Command('forget')
    .description('Delete the keys of a removed account, and all that is remembered of it.')
    .argument('<name>', 'the account')
    .option('--while-served', 'also where it is configured and enabled: it then begins anew, with a login')
    .option('--json', 'print JSON for machines')
    .addHelpText(
      'after',
      `
An account that was taken out of the credentials file keeps its keys until they run out; this deletes them now, with
its record, its verdicts and its pinned user. It ends no session at the broker: "token-refresher logout NAME" does, while
the account is configured.`,
    )
    .action(async (name: string, options: Options) => {
      const config = commandConfig();
      const gone = await withRedis(config, async (redis) => {
        const entry = await makeRoster(redis).get(name);
        if (entry?.enabled && !options.whileServed) {
          throw new Failure(
            `${name} is configured and served, and nothing was deleted: it would only be logged in again. Take it out of the credentials file first; to have it rest, "token-refresher pause ${name}"; to take its token away, "token-refresher logout ${name}". If it is meant to begin anew: --while-served.`,
          );
        }
        const forgotten = await forgetAccount({ redis, config, clock: systemClock, log: silent }, name);
        if (forgotten !== 0) await noteAct(redis, 'forget', name, forgotten === 'busy' ? 'failed' : 'done');
        if (forgotten === 0 && !entry) {
          throw new Failure(
            `Nothing is known of ${name}. "token-refresher status" lists what is configured; a key that somebody else wrote is not deleted.`,
          );
        }
        return forgotten;
      });
      if (gone === 'busy') {
        throw new Failure(`A running service is looking after ${name}: try again in a minute.`);
      }
      const message = `${name} is forgotten: its keys, its record and what STATE_DIR remembered are gone.`;
      process.stdout.write(options.json ? `${JSON.stringify({ name, message }, null, 2)}\n` : `${message}\n`);
    });
}
