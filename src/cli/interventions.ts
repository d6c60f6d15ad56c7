import { Command, InvalidArgumentError } from 'commander';
import type { Redis } from 'ioredis';
import { makeInterventions } from '../app/interventions.ts';
import { systemClock } from '../core/clock.ts';
import { durationRule, readDuration } from '../core/duration.ts';
import type { Intervention, InterventionAnswer } from '../http/desk.ts';
import { makeInstances } from '../redis/instances.ts';
import { makeRoster } from '../redis/roster.ts';
import { noteAct } from './acts.ts';
import { Failure, unknownAccount } from './failure.ts';
import { taught } from './manual.ts';
import { print, printJson } from './print.ts';
import { commandConfig, withRedis } from './session.ts';

interface Options {
  readonly for?: number;
  readonly json?: boolean;
}

const json =
  '"name", "outcome" ("done"), "state", "message", "until" (null: not by itself), and after a logout "session".';

/** `pause NAME`: no refresh until it is resumed. */
export function pauseCommand(): Command {
  const command = new Command('pause')
    .description('Have one account rest: no login and no renewal until it is resumed.')
    .argument('<name>', 'the account')
    .option('--for <time>', 'resume it by itself after so long (2h, 90m, 1d)', lengthOf)
    .option('--json', 'print JSON for machines')
    .action((name: string, options: Options) => intervene('pause', name, options));
  return taught(command, {
    more: `Its token is served until its own end and then runs out; nothing is said of it meanwhile. A pause outlives restarts
and reloads. To take the token away from the bots at once: "token-refresher logout NAME".`,
    examples: [
      { line: 'pause USER_000000 --for 2h', says: 'no refresh for two hours' },
      { line: 'pause USER_000000', says: 'none until it is resumed' },
    ],
    exits: ['paused, or it was already', 'no such account, or it is disabled; Redis does not answer'],
    json,
  });
}

/** `resume NAME`: back into service, and looked at now. */
export function resumeCommand(): Command {
  const command = new Command('resume')
    .description('Put a paused or logged-out account back into service, now.')
    .argument('<name>', 'the account')
    .option('--json', 'print JSON for machines')
    .action((name: string, options: Options) => intervene('resume', name, options));
  return taught(command, {
    examples: [{ line: 'resume USER_000000', says: 'end its pause' }],
    exits: [
      'back in service, or it was not paused',
      'no such account, or it is disabled; Redis does not answer',
    ],
    json,
  });
}

/** `logout NAME`: its session ends at the broker, its keys go, and it rests. */
export function logoutCommand(): Command {
  const command = new Command('logout')
    .description('End the session of one account at the broker, remove its keys, and leave it paused.')
    .argument('<name>', 'the account')
    .option('--for <time>', 'resume it by itself after so long (2h, 90m, 1d)', lengthOf)
    .option('--json', 'print JSON for machines')
    .action((name: string, options: Options) => intervene('logout', name, options));
  return taught(command, {
    more: `It stays paused, or it would be logged in again the next second: "token-refresher resume NAME" does that. Where the
broker has no call that ends a session, or does not answer, the keys go all the same, and it says until when the
token is good there for whoever has it.`,
    examples: [
      { line: 'logout USER_000000', says: 'take its token away from the bots now' },
      { line: 'logout USER_000000 --for 1h', says: 'and log it in again in an hour' },
    ],
    exits: [
      'logged out, and paused',
      'no such account, no running service, or the service did not say in time what came of it',
    ],
    json,
  });
}

function lengthOf(text: string): number {
  const ms = readDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`Give ${durationRule}.`);
  return ms;
}

type Told = Exclude<InterventionAnswer, { readonly outcome: 'unknown-name' }>;

async function intervene(what: Intervention, name: string, options: Options): Promise<void> {
  const answer = await withRedis(commandConfig(), (redis) => ask(redis, what, name, options.for));
  if (answer.outcome === 'disabled') throw new Failure('ACCOUNT_DISABLED', answer.message);
  const { outcome, message, state, until, session } = answer;
  const done = { name, outcome, state, until, ...(session && { session }) };
  if (!options.json) print(message);
  if (outcome === 'under-way')
    throw new Failure('NO_ANSWER', 'The service did not say in time what came of it.', done);
  if (options.json) printJson({ ...done, message });
}

async function ask(redis: Redis, what: Intervention, name: string, forMs: number | undefined): Promise<Told> {
  const isAlone = (await makeInstances(redis, what).others()) === 0;
  // Nobody is there to call the broker, and the wish alone would be a surprise for whoever starts the service next.
  if (isAlone && what === 'logout') {
    throw new Failure(
      'NO_SERVICE',
      'No service is running on this Redis: start it first, it is what calls the broker.',
    );
  }
  const roster = makeRoster(redis);
  const answer = await makeInterventions({ redis, roster, clock: systemClock }).intervene(what, name, forMs);
  if (answer.outcome === 'unknown-name') throw unknownAccount(name, await roster.read());
  await noteAct(redis, what, name, answer.outcome === 'disabled' ? 'failed' : 'done');
  if (!isAlone || answer.outcome !== 'done') return answer;
  process.stderr.write('No service is running on this Redis: it is kept for when one starts.\n');
  return answer.state === 'due'
    ? { ...answer, message: `${name} is back in service, and is looked at once one runs.` }
    : answer;
}
