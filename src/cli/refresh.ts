import { Command } from 'commander';
import type { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { readLimits } from '../app/limits.ts';
import { readLackingRoom } from '../app/planning.ts';
import { brokers } from '../brokers/index.ts';
import { systemClock } from '../core/clock.ts';
import { ALL_ACCOUNTS } from '../core/explain.ts';
import { makeInstances } from '../redis/instances.ts';
import { makeRoster, type RosterEntry } from '../redis/roster.ts';
import { noteAct } from './acts.ts';
import { Failure, unknownAccount } from './failure.ts';
import { taught } from './manual.ts';
import { print, printJson } from './print.ts';
import { makeProgress, type Progress } from './progress.ts';
import { refreshOne, type Refreshed } from './refresh-one.ts';
import { refreshSummary } from './refresh-report.ts';
import { commandConfig, withRedis } from './session.ts';
import { terminalWidth } from './table.ts';

/** Requests that are waited for at a time. */
const AT_ONCE = 10;

interface Options {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `refresh NAME` and `refresh --all`: asks the running service and waits for what comes of it. */
export function refreshCommand(): Command {
  const command = new Command('refresh')
    .description('Get a new token now, and wait for it.')
    .argument('[name]', 'the account')
    .option('--all', 'every account that can be refreshed without a person')
    .option('--force', 'try a stopped account once more')
    .option('--json', 'print JSON for machines')
    .action(async (name: string | undefined, options: Options) => {
      if ((name === undefined) === (options.all !== true))
        command.error('error: Give the name of an account, or --all.', { exitCode: 2 });
      const config = commandConfig();
      await withRedis(config, async (redis) => {
        const { chosen, persons } = await choose(redis, name);
        const { egressId: egress, setting } = config;
        const limits = readLimits(brokers, setting);
        // Those without room would wait in line, and be in the way of tokens that are due.
        const lacking =
          name === undefined
            ? await readLackingRoom({ redis, brokers, limits, egress }, systemClock.now())
            : undefined;
        const parts = { redis, egress, force: options.force === true };
        const refreshed = (each: string, entry: RosterEntry): Promise<Refreshed> =>
          refreshOne({ ...parts, room: lacking?.get(each) }, each, entry);
        if (name === undefined) await noteAct(redis, 'refresh', ALL_ACCOUNTS, 'done');
        const results = await refreshAll(chosen, refreshed, options);
        const isDone = results.every(({ code }) => code === null);
        if (name !== undefined) await noteAct(redis, 'refresh', name, isDone ? 'done' : 'failed');
        report(results, name === undefined ? persons : undefined, options);
      });
    });
  return taught(command, {
    more: `A running service does it, as its broker's limits allow; this waits for what comes of it. --all is a real login, at once,
of every account that cannot renew: not for trying things out. It leaves out who is paused, disabled, or needs a person, and
who finds no room in its broker's limits: it says when there is. On a terminal a line shows how far it is; at the end it
says of each reason whom it concerns.`,
    examples: [
      { line: 'refresh USER_000000', says: 'a new token now' },
      { line: 'refresh USER_000000 --force', says: 'one more try of a stopped account' },
      { line: 'refresh --all', says: 'a new token for everybody' },
    ],
    exits: [
      'refreshed; with --all everybody who is not paused',
      'an account was not refreshed, there is none of that name, or no service is running',
    ],
    json: `one object at the end: "total", "refreshed", "failed", "paused", and "results" with "name", "broker",
"outcome" (refreshed, same_token, paused, failed), "code" and "message" of each; with --all "left_out" (names), too.`,
  });
}

type Chosen = readonly (readonly [name: string, entry: RosterEntry])[];

/** `persons`: whom only a person can log in; of all they are left out. */
async function choose(
  redis: Redis,
  name: string | undefined,
): Promise<{ readonly chosen: Chosen; readonly persons: readonly string[] }> {
  if ((await makeInstances(redis, 'refresh').others()) === 0) {
    throw new Failure('NO_SERVICE', 'No service is running on this Redis: start it first.');
  }
  const roster = await makeRoster(redis).read();
  const entry = name === undefined ? undefined : roster.get(name);
  if (name !== undefined && !entry) throw unknownAccount(name, roster);
  if (name !== undefined && entry?.observed) {
    throw new Failure(
      'ACCOUNT_DISABLED',
      `${name} is only observed (mode "observe"): whoever serves it refreshes it.`,
    );
  }
  const chosen: Chosen =
    name !== undefined && entry
      ? [[name, entry]]
      : [...roster].filter(([, each]) => each.enabled && !each.person);
  if (chosen.length === 0)
    throw new Failure('NOT_REFRESHED', 'No account can be refreshed without a person.', { results: [] });
  const persons = [...roster].filter(([, each]) => each.enabled && each.person).map(([each]) => each);
  return { chosen, persons };
}

/** Says of each what came of it; on a terminal of those that failed, above a line that counts. */
async function refreshAll(
  chosen: Chosen,
  refreshed: (name: string, entry: RosterEntry) => Promise<Refreshed>,
  { json = false }: Options,
): Promise<readonly Refreshed[]> {
  const { length: total } = chosen;
  const isMany = total > 1;
  let ended = 0;
  const progress: Progress | undefined =
    isMany && !json && process.stdout.isTTY ? makeProgress(total, process.stdout, systemClock) : undefined;
  const tell = ({ name, message, outcome }: Refreshed): void => {
    ended += 1;
    const line = `${name}: ${message}`;
    if (progress) progress.step(outcome === 'failed', outcome === 'failed' ? line : undefined);
    else if (!json) print(isMany ? `[${ended}/${total}] ${line}` : line);
  };
  const limit = pLimit(AT_ONCE);
  try {
    return await limit.map(chosen, async ([name, entry]) => {
      const result = await refreshed(name, entry);
      tell(result);
      return result;
    });
  } finally {
    progress?.end();
  }
}

/**
 * Whoever asks for all of them does not mean those that were told to rest. `leftOut`: of all, those that a person logs
 * in; undefined where one was named.
 */
function report(
  results: readonly Refreshed[],
  leftOut: readonly string[] | undefined,
  { json = false }: Options,
): void {
  const { length: total } = results;
  const count = (...outcomes: readonly Refreshed['outcome'][]): number =>
    results.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const failed = count('failed');
  const undone = leftOut ? failed : failed + count('paused');
  const answer = {
    total,
    refreshed: count('refreshed', 'same_token'),
    failed,
    paused: count('paused'),
    results,
    ...(leftOut && { left_out: leftOut }),
  };
  if (leftOut && (total > 1 || leftOut.length > 0) && !json)
    refreshSummary(results, leftOut, terminalWidth()).forEach(print);
  if (undone > 0) {
    const accounts = `${total === 1 ? 'account' : 'accounts'} ${undone === 1 ? 'was' : 'were'}`;
    throw new Failure('NOT_REFRESHED', `${undone} of ${total} ${accounts} not refreshed.`, answer);
  }
  if (json) printJson(answer);
}
