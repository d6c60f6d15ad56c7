import { styleText } from 'node:util';
import { Command } from 'commander';
import type { Redis } from 'ioredis';
import { systemClock } from '../core/clock.ts';
import { describe } from '../core/describe.ts';
import { duration } from '../core/duration.ts';
import type { SilenceStatus } from '../core/silence-words.ts';
import type { AccountStatus } from '../core/status.ts';
import { overview } from '../core/summary.ts';
import { makeInstances } from '../redis/instances.ts';
import { keys } from '../redis/keys.ts';
import { makeRoster } from '../redis/roster.ts';
import { readFacts } from '../redis/statuses.ts';
import { readUses } from '../redis/uses.ts';
import { Failure } from './failure.ts';
import { commandConfig, withRedis } from './session.ts';
import { silenceLines, silencesOf } from './silences.ts';
import { usageTable } from './usage-table.ts';

/** `status`: every account at a glance, or one of them with what it was used for. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Show every account: its state, how long its token lives, and what is wrong.')
    .argument('[name]', 'only this account, with its refreshes, logins and reports by day')
    .option('--json', 'print JSON for machines')
    .action(async (name: string | undefined, { json = false }: { json?: boolean }) => {
      const config = commandConfig();
      const found = await withRedis(config, (redis) => look(redis, config.egressId, { name, json }));
      const [first] = found.accounts;
      if (name !== undefined && !first) {
        throw new Failure(`There is no account named ${name}. "token-refresher status" lists them.`);
      }
      if (found.simulated && !json)
        process.stdout.write(
          'SIMULATED: no real broker is behind these accounts; their tokens are made up.\n',
        );
      if (found.alone)
        process.stderr.write('No service is running on this Redis: nothing below is being refreshed.\n');
      if (json) {
        const shown = name === undefined ? overview(found.accounts, found.silences) : first;
        return void process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      }
      const used = name === undefined ? '' : `\n${usageTable(first?.usage ?? [])}`;
      process.stdout.write(`${silenceLines(found.silences)}${table(found.accounts)}${used}`);
    });
}

interface Found {
  readonly accounts: readonly AccountStatus[];
  readonly silences: readonly SilenceStatus[];
  /** No service lives on this Redis. */
  readonly alone: boolean;
  readonly simulated: boolean;
}

async function look(
  redis: Redis,
  egress: string,
  { name, json }: { readonly name: string | undefined; readonly json: boolean },
): Promise<Found> {
  const entries = [...(await makeRoster(redis).read())].filter(
    ([each]) => name === undefined || each === name,
  );
  const now = systemClock.now();
  const facts = await readFacts(redis, entries);
  const names = json || name !== undefined ? facts.map((each) => each.name) : [];
  const used = await readUses(redis, names, now);
  const accounts = facts.map((each) => ({ ...describe(each, now), usage: used.get(each.name) }));
  return {
    accounts,
    silences: await silencesOf(redis, egress, accounts),
    alone: (await makeInstances(redis, 'status').others()) === 0,
    simulated: (await redis.get(keys.world)) === 'simulated',
  };
}

const colours = {
  fresh: 'green',
  due: 'cyan',
  refreshing: 'cyan',
  backing_off: 'yellow',
  awaiting_approval: 'magenta',
  stopped: 'red',
  paused: 'gray',
  expired: 'red',
  disabled: 'gray',
} as const;

function table(accounts: readonly AccountStatus[]): string {
  if (accounts.length === 0) return 'No accounts are served from this Redis. Is the service running?\n';
  const rows = accounts.map((account) => ({
    account,
    cells: [
      account.name,
      account.broker,
      account.state,
      account.valid ? duration(account.time_remaining_seconds * 1000) : '-',
      account.next_refresh === null ? '-' : until(account.next_refresh),
      account.state === 'fresh' ? '' : wordsOf(account),
    ],
  }));
  const head = ['NAME', 'BROKER', 'STATE', 'LEFT', 'NEXT', 'WHAT'];
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (i === 5 ? 0 : (row.cells[i]?.length ?? 0)))),
  );
  const line = (cells: readonly string[]): string[] =>
    cells.map((cell, i) => (i === 5 ? cell : cell.padEnd(widths[i] ?? 0)));
  const live = accounts.filter((account) => account.valid).length;
  return [
    styleText('bold', line(head).join('  ')),
    ...rows.map(({ account, cells }) => {
      const padded = line(cells);
      padded[2] = styleText(colours[account.state], padded[2] ?? '');
      return padded.join('  ').trimEnd();
    }),
    '',
    `${live} of ${accounts.length} accounts have a live token.`,
    '',
  ].join('\n');
}

/** A limit that leaves no room says more than what went wrong before it. */
const wordsOf = ({ reason, last_error, message }: AccountStatus): string =>
  reason === 'budget_spent' ? message : (last_error?.message ?? message);

function until(at: string): string {
  const left = Date.parse(at) - systemClock.now();
  return left <= 0 ? 'now' : `in ${duration(left)}`;
}
