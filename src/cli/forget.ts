import { Command } from 'commander';
import { forgetAccount } from '../app/forgetting.ts';
import { systemClock } from '../core/clock.ts';
import { makeRoster } from '../redis/roster.ts';
import { noteAct } from './acts.ts';
import { Failure } from './failure.ts';
import { taught } from './manual.ts';
import { print, printJson } from './print.ts';
import { commandConfig, withRedis } from './session.ts';
import { silent } from './silent.ts';

interface Options {
  readonly whileServed?: boolean;
  readonly json?: boolean;
}

/** `forget NAME`: deletes the keys of a removed account, and all that is remembered of it. */
export function forgetCommand(): Command {
  const command = new Command('forget')
    .description('Delete the keys of a removed account, and all that is remembered of it.')
    .argument('<name>', 'the account')
    .option('--while-served', 'also where it is configured and enabled: it then begins anew, with a login')
    .option('--json', 'print JSON for machines')
    .action(async (name: string, options: Options) => {
      const config = commandConfig();
      const gone = await withRedis(config, async (redis) => {
        const entry = await makeRoster(redis).get(name);
        if (entry?.enabled && !options.whileServed) {
          throw new Failure(
            'STILL_SERVED',
            `${name} is configured and served, and nothing was deleted: it would only be logged in again. Take it out of the credentials file first; to have it rest, "token-refresher pause ${name}"; to take its token away, "token-refresher logout ${name}". If it is meant to begin anew: --while-served.`,
          );
        }
        const forgotten = await forgetAccount({ redis, config, clock: systemClock, log: silent }, name);
        if (forgotten !== 0) await noteAct(redis, 'forget', name, forgotten === 'busy' ? 'failed' : 'done');
        if (forgotten === 0 && !entry) {
          throw new Failure(
            'UNKNOWN_ACCOUNT',
            `Nothing is known of ${name}. "token-refresher status" lists what is configured; a key that somebody else wrote is not deleted.`,
          );
        }
        return forgotten;
      });
      if (gone === 'busy') {
        throw new Failure('BUSY', `A running service is looking after ${name}: try again in a minute.`);
      }
      const message = `${name} is forgotten: its keys, its record and what STATE_DIR remembered are gone.`;
      if (options.json) printJson({ name, message });
      else print(message);
    });
  return taught(command, {
    more: `An account that was taken out of the credentials file keeps its keys until they run out; this deletes them now, with
its record, its verdicts, its counts and its pinned user. It ends no session at the broker: "token-refresher logout NAME"
does, while the account is configured.`,
    examples: [
      { line: 'forget OLD_USER', says: 'delete what is left of an account that was taken out of the file' },
      { line: 'forget USER_000000 --while-served', says: 'have one begin anew, with a login' },
    ],
    exits: ['gone', 'still served, nothing known of it, or a service is busy with it; Redis does not answer'],
    json: '"name" and "message".',
  });
}
