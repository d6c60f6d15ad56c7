import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import type { Redis } from 'ioredis';
import { systemClock } from '../core/clock.ts';
import { makeInstances } from '../redis/instances.ts';
import { askForReload, readReloadAnswers } from '../redis/reload.ts';
import { noteAct } from './acts.ts';
import { Failure } from './failure.ts';
import { taught } from './manual.ts';
import { print, printJson } from './print.ts';
import { commandConfig, withRedis } from './session.ts';

const WAIT_MS = 10_000;
const LOOK_MS = 200;
/** One of several processes may have died a moment ago: the others' answers are shown without its own. */
const EVERYBODY_MS = 5_000;

type Answers = Awaited<ReturnType<typeof readReloadAnswers>>;

/** `reload`: take up the credentials file now, in every process on this Redis. */
export function reloadCommand(): Command {
  const command = new Command('reload')
    .description('Take up a changed credentials file now.')
    .option('--accept-removals', 'also where it drops many accounts at once')
    .option('--json', 'print JSON for machines')
    .action(async (options: { readonly acceptRemovals?: boolean; readonly json?: boolean }) => {
      const answers = (
        await withRedis(commandConfig(), (redis) => reload(redis, options.acceptRemovals === true))
      ).map(({ instance, done, message }) => ({ instance, done, message }));
      if (!options.json) for (const { instance, message } of answers) print(`${instance}: ${message}`);
      const undone = answers.filter(({ done }) => !done).length;
      if (undone > 0) throw new Failure('NOT_TAKEN_UP', notTakenUp(undone, answers.length), { answers });
      if (options.json) printJson({ answers });
    });
  return taught(command, {
    more: `A running service takes a changed file up by itself, two seconds after its last change; this is for whoever wants to hear
what came of it. A file that would drop two or more accounts and over a quarter of them waits for --accept-removals.`,
    examples: [
      { line: 'reload', says: 'take the file up now' },
      { line: 'reload --accept-removals', says: 'also where it drops many accounts' },
    ],
    exits: ['taken up by every process', 'refused by one, or no service answered within 10 s'],
    json: '"answers": of each process its "instance", "done" and "message".',
  });
}

function notTakenUp(undone: number, total: number): string {
  if (undone < total) return `The file was not taken up everywhere: not by ${undone} of ${total} processes.`;
  return total === 1
    ? 'The file was not taken up.'
    : `The file was not taken up by any of ${total} processes.`;
}

async function reload(redis: Redis, acceptRemovals: boolean): Promise<Answers> {
  const id = randomUUID();
  const askedAt = systemClock.now();
  const living = await makeInstances(redis, id).others();
  if (living === 0) throw new Failure('NO_SERVICE', 'No service is running on this Redis: start it first.');
  await noteAct(redis, 'reload', '', 'done');
  await askForReload(redis, { id, acceptRemovals });
  while (systemClock.now() - askedAt < WAIT_MS) {
    await systemClock.sleep(LOOK_MS);
    const answers = await readReloadAnswers(redis, id);
    const late = systemClock.now() - askedAt > EVERYBODY_MS;
    if (answers.length > 0 && (answers.length >= living || late)) return answers;
  }
  throw new Failure('NO_ANSWER', 'No running service answered within 10 s.');
}
