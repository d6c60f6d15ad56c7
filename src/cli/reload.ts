import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import { systemClock } from '../core/clock.ts';
import { makeInstances } from '../redis/instances.ts';
import { askForReload, readReloadAnswers } from '../redis/reload.ts';
import { noteAct } from './acts.ts';
import { Failure } from './failure.ts';
import { commandConfig, withRedis } from './session.ts';

const WAIT_MS = 10_000;
const LOOK_MS = 200;
/** One of several processes may have died a moment ago: the others' answers are shown without its own. */
const EVERYBODY_MS = 5_000;

/** `reload`: take up the credentials file now, in every process on this Redis. */
export function reloadCommand(): Command {
  return new Command('reload')
    .description('Take up a changed credentials file now.')
    .option('--accept-removals', 'also where it drops many accounts at once')
    .action(async (options: { acceptRemovals?: boolean }) => {
      await withRedis(commandConfig(), async (redis) => {
        const id = randomUUID();
        const askedAt = systemClock.now();
        const living = await makeInstances(redis, id).others();
        await noteAct(redis, 'reload', '', 'done');
        await askForReload(redis, { id, acceptRemovals: options.acceptRemovals === true });
        while (systemClock.now() - askedAt < WAIT_MS) {
          await systemClock.sleep(LOOK_MS);
          const answers = await readReloadAnswers(redis, id);
          const late = systemClock.now() - askedAt > EVERYBODY_MS;
          if (answers.length === 0 || (answers.length < living && !late)) continue;
          for (const answer of answers) process.stdout.write(`${answer.instance}: ${answer.message}\n`);
          if (answers.some((answer) => !answer.done))
            throw new Failure('The file was not taken up everywhere.');
          return;
        }
        throw new Failure('No running service answered within 10 s.');
      });
    });
}
