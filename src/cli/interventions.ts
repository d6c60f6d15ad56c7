import { Command, InvalidArgumentError } from 'commander';
import type { Redis } from 'ioredis';
import { makeInterventions } from '../app/interventions.ts';
import { systemClock } from '../core/clock.ts';
import { durationRule, readDuration } from '../core/duration.ts';
import type { Intervention, InterventionAnswer } from '../http/desk.ts';
import { makeInstances } from '../redis/instances.ts';
import { makeRoster } from '../redis/roster.ts';
import { noteAct } from './acts.ts';
import { Failure } from './failure.ts';
import { commandConfig, withRedis } from './session.ts';

interface Options {
  readonly for?: number;
  readonly json?: boolean;
}

/** `pause NAME`: no refresh until it is resumed. */
export function pauseCommand(): Command {
  return new Command('pause')
    .description('Have one account rest: no login and no renewal until it is resumed.')
    .argument('<name>', 'the account')
    .option('--for <time>', 'resume it by itself after so long (2h, 90m, 1d)', lengthOf)
    .option('--json', 'print JSON for machines')
    .addHelpText(
      'after',
      `
Its token is served until its own end and then runs out; nothing is said of it meanwhile. A pause outlives restarts
and reloads. To take the token away from the bots at once: "token-refresher logout NAME".`,
    )
    .action((name: string, options: Options) => intervene('pause', name, options));
}

/** `resume NAME`: back into service, and looked at now. */
export function resumeCommand(): Command {
  return new Command('resume')
    .description('Put a paused or logged-out account back into service, now.')
    .argument('<name>', 'the account')
    .option('--json', 'print JSON for machines')
    .action((name: string, options: Options) => intervene('resume', name, options));
}

/** `logout NAME`: its session ends at the broker, its keys go, and it rests. */
export function logoutCommand(): Command {
  return new Command('logout')
    .description('End the session of one account at the broker, remove its keys, and leave it paused.')
    .argument('<name>', 'the account')
    .option('--for <time>', 'resume it by itself after so long (2h, 90m, 1d)', lengthOf)
    .option('--json', 'print JSON for machines')
    .addHelpText(
      'after',
      `
It stays paused, or it would be logged in again the next second: "token-refresher resume NAME" does that. Where the
broker has no call that ends a session, or does not answer, the keys go all the same, and it says until when the
token is good there for whoever has it.`,
    )
    .action((name: string, options: Options) => intervene('logout', name, options));
}

function lengthOf(text: string): number {
  const ms = readDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`Give ${durationRule}.`);
  return ms;
}

async function intervene(what: Intervention, name: string, options: Options): Promise<void> {
  const answer = await withRedis(commandConfig(), (redis) => ask(redis, what, name, options.for));
  if (answer.outcome === 'unknown-name' || answer.outcome === 'disabled') {
    throw new Failure(`${answer.message} "token-refresher status" lists them all.`);
  }
  const { outcome, message, state, until, session } = answer;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ name, outcome, message, state, until, ...(session && { session }) }, null, 2)}\n`,
    );
  } else process.stdout.write(`${message}\n`);
  if (outcome === 'under-way') throw new Failure('The service did not say in time what came of it.');
}

async function ask(
  redis: Redis,
  what: Intervention,
  name: string,
  forMs: number | undefined,
): Promise<InterventionAnswer> {
  const isAlone = (await makeInstances(redis, what).others()) === 0;
  // Nobody is there to call the broker, and the wish alone would be a surprise for whoever starts the service next.
  if (isAlone && what === 'logout') {
    throw new Failure('No service is running on this Redis: start it first, it is what calls the broker.');
  }
  const roster = makeRoster(redis);
  const answer = await makeInterventions({ redis, roster, clock: systemClock }).intervene(what, name, forMs);
  if (answer.outcome !== 'unknown-name') {
    await noteAct(redis, what, name, answer.outcome === 'disabled' ? 'failed' : 'done');
  }
  if (isAlone && answer.outcome === 'done') {
    process.stderr.write('No service is running on this Redis: it is kept for when one starts.\n');
  }
  return answer;
}
