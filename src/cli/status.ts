import { Command } from 'commander';
import type { Redis } from 'ioredis';
import type { Config } from '../config/index.ts';
import { systemClock } from '../core/clock.ts';
import { describe } from '../core/describe.ts';
import type { SilenceStatus } from '../core/silence-words.ts';
import type { AccountStatus } from '../core/status.ts';
import { byNeed, overview } from '../core/summary.ts';
import { makeInstances } from '../redis/instances.ts';
import { keys } from '../redis/keys.ts';
import { makeRoster, type RosterEntry } from '../redis/roster.ts';
import { readFacts } from '../redis/statuses.ts';
import { readUses } from '../redis/uses.ts';
import { unknownAccount } from './failure.ts';
import { untilSignal } from './first-steps.ts';
import { taught } from './manual.ts';
import { printJson } from './print.ts';
import { commandConfig, withRedis } from './session.ts';
import { silenceLines, silencesOf } from './silences.ts';
import { statusTable } from './status-table.ts';
import { terminalWidth } from './table.ts';
import { usageTable } from './usage-table.ts';
import { readInterval, watch, type Seen } from './watch.ts';

interface Options {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval?: number;
}

/** So many lines may be said of one account; where the table is drawn again and again, one. */
const TEXT_LINES = 4;
/** What stands above and below the table on the screen. */
const OTHER_LINES = 8;
const EVERY_MS = 2_000;
const ALONE = 'No service is running on this Redis: nothing below is being refreshed.\n';

/** `status`: every account at a glance, or one of them with what it was used for. */
export function statusCommand(): Command {
  const command = new Command('status')
    .description('Show every account: its state, how long its token lives, and what is wrong.')
    .argument('[name]', 'only this account, with its refreshes, logins and reports by day')
    .option('--watch', 'go on showing it until Ctrl-C')
    .option('--interval <time>', 'with --watch: how often it looks; 2s where it is not given', readInterval)
    .option('--json', 'print JSON for machines')
    .action(async (name: string | undefined, options: Options) => {
      if (options.interval !== undefined && !options.watch)
        command.error('error: --interval goes with --watch.', { exitCode: 2 });
      const config = commandConfig();
      if (options.watch) await watchStatus(config, name, options);
      else await showOnce(config, name, options.json === true);
    });
  return taught(command, {
    more: `The colours say the state: green is well, cyan on its way, yellow backs off, magenta waits for a person, red is stopped or
gone. They are left out where the output is no terminal or NO_COLOR is set; FORCE_COLOR=1 brings them back.

On a terminal --watch draws the table anew each time; into a pipe or a file it writes one block whenever something has
changed, and with --json one line of JSON ("at" in front). It goes on while Redis is away, and says so.`,
    examples: [
      { line: 'status', says: 'how is every account?' },
      { line: 'status USER_000000', says: 'one of them, and what it was used for' },
      { line: 'status --watch --interval 5s', says: 'watch it, looking every five seconds' },
    ],
    exits: [
      'shown, whatever the accounts’ states; a watch that was ended',
      'Redis does not answer, or there is no account of that name',
    ],
    json: `what GET /api/token/status answers, each account with its "usage" by day; with a name what
GET /api/token/status/NAME answers.`,
  });
}

async function showOnce(config: Config, name: string | undefined, json: boolean): Promise<void> {
  const found = await find(config, name, json);
  if (found.alone) process.stderr.write(ALONE);
  if (json) return printJson(answerOf(found, name));
  process.stdout.write(shown(found, name, TEXT_LINES));
}

async function watchStatus(
  config: Config,
  name: string | undefined,
  { json = false, interval = EVERY_MS }: Options,
): Promise<void> {
  const look = async (): Promise<Seen> => {
    const found = await find(config, name, json);
    const text = shown(inSight(found), name, name === undefined ? 1 : TEXT_LINES);
    return {
      facts: factsOf(found),
      answer: answerOf(found, name),
      text: `${found.alone ? ALONE : ''}${text}`,
    };
  };
  await untilSignal((signal) =>
    watch({ look, json, everyMs: interval, screen: process.stdout, clock: systemClock, signal }),
  );
}

/** Where the terminal is too low for all of them, the worst come first. */
function inSight(found: Found): Found {
  const { isTTY, rows } = process.stdout;
  const isLow = isTTY && found.accounts.length + OTHER_LINES > rows;
  return isLow ? { ...found, accounts: [...found.accounts].sort(byNeed) } : found;
}

interface Found {
  readonly accounts: readonly AccountStatus[];
  readonly silences: readonly SilenceStatus[];
  /** No service lives on this Redis. */
  readonly alone: boolean;
  readonly simulated: boolean;
}

async function find(config: Config, name: string | undefined, json: boolean): Promise<Found> {
  const found = await withRedis(config, (redis) => look(redis, config.egressId, { name, json }));
  if (name !== undefined && found.accounts.length === 0) throw unknownAccount(name, found.known);
  return found;
}

async function look(
  redis: Redis,
  egress: string,
  { name, json }: { readonly name: string | undefined; readonly json: boolean },
): Promise<Found & { readonly known: readonly (readonly [string, RosterEntry])[] }> {
  const all = [...(await makeRoster(redis).read())];
  const now = systemClock.now();
  const facts = await readFacts(
    redis,
    all.filter(([each]) => name === undefined || each === name),
    { egress, now },
  );
  const names = json || name !== undefined ? facts.map((each) => each.name) : [];
  const used = await readUses(redis, names, now);
  const accounts = facts.map((each) => ({ ...describe(each, now), usage: used.get(each.name) }));
  return {
    accounts,
    known: all,
    silences: await silencesOf(redis, egress, accounts),
    alone: (await makeInstances(redis, 'status').others()) === 0,
    simulated: (await redis.get(keys.world)) === 'simulated',
  };
}

const answerOf = ({ accounts, silences }: Found, name: string | undefined): object =>
  (name === undefined ? undefined : accounts[0]) ?? overview(accounts, silences);

function shown(found: Found, name: string | undefined, textLines: number): string {
  const { accounts, silences, simulated } = found;
  const width = terminalWidth();
  const world = simulated
    ? 'SIMULATED: no real broker is behind these accounts; their tokens are made up.\n'
    : '';
  const used = name === undefined ? '' : `\n${usageTable(accounts[0]?.usage ?? [], width)}`;
  const now = systemClock.now();
  return `${world}${silenceLines(silences)}${statusTable(accounts, { now, width, textLines })}${used}`;
}

/** What makes a change worth a block of its own; the time that is left passes by itself. */
const factsOf = ({ accounts, silences, alone }: Found): unknown => ({
  alone,
  silences: silences.map(({ broker, until, code }) => [broker, until, code]),
  accounts: accounts.map(({ name, state, valid, reason, generation, detail, last_error }) => [
    ...[name, state, valid, reason, generation, detail],
    last_error?.message,
  ]),
});
