import { styleText } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { readLimits } from '../app/limits.ts';
import { readPlan } from '../app/planning.ts';
import { brokers } from '../brokers/index.ts';
import { systemClock } from '../core/clock.ts';
import { describe } from '../core/describe.ts';
import { duration } from '../core/duration.ts';
import {
  budgetSentence,
  doubtSentence,
  paceSentences,
  per,
  planAnswer,
  subjectOf,
  verdictOf,
} from '../core/plan-words.ts';
import type { Plan, PlannedBudget } from '../core/plan.ts';
import { makeInstances } from '../redis/instances.ts';
import { makeRoster } from '../redis/roster.ts';
import { readFacts } from '../redis/statuses.ts';
import { taught } from './manual.ts';
import { printJson } from './print.ts';
import { silenceLines, silencesOf } from './silences.ts';
import { commandConfig, withRedis } from './session.ts';
import { table, terminalWidth, type Cell } from './table.ts';

const MOST_HOURS = 168;
/** So many accounts' next refreshes are shown to a person. */
const SHOWN = 20;

/** `plan`: the coming refreshes against each broker's budgets. */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('Show the coming refreshes, and whether each broker’s limits carry them.')
    .option('--hours <n>', `how far to look ahead, 1 to ${MOST_HOURS}`, readHours, 24)
    .option('--json', 'print JSON for machines')
    .action(async (options: { hours: number; json?: boolean }) => {
      const config = commandConfig();
      const sources = { brokers, limits: readLimits(brokers, config.setting), egress: config.egressId };
      const { plan, alone, silences } = await withRedis(config, async (redis) => {
        const now = systemClock.now();
        const living = await makeInstances(redis, 'plan').others();
        const facts = await readFacts(redis, [...(await makeRoster(redis).read())]);
        return {
          plan: await readPlan({ ...sources, redis }, options.hours, now),
          silences: await silencesOf(
            redis,
            config.egressId,
            facts.map((each) => describe(each, now)),
          ),
          alone: living === 0,
        };
      });
      if (alone) process.stderr.write('No service is running on this Redis: nothing of this will happen.\n');
      if (options.json) printJson(planAnswer(plan));
      else process.stdout.write(`${silenceLines(silences)}${showPlan(plan, terminalWidth())}`);
    });
  return taught(command, {
    more: `Each row is a limit of a broker: how many calls it leaves for the daily round (of the broker's number: the rest is
kept for tokens that are about to die), how many are used now, the most that are wanted in one window, how many
accounts it carries at their pace, and how many it has.

  fits   every refresh goes out when it is due
  tight  some wait, or sign in where they would renew; no token is lost for it
  over   more than the limit can carry, or failed logins for which accounts go without a token: the sentence below says
         whom, until when, and what to do

A line that begins with "unsure" is no verdict: others were seen to be allowed less than these accounts need.

It reads what the service has entered in Redis, also while the service is down.`,
    examples: [
      { line: 'plan', says: 'the next day' },
      { line: 'plan --hours 168 --json', says: 'a week, for a program' },
    ],
    exits: ['planned, whatever the verdict (scripts read "verdict")', 'Redis does not answer'],
    json: 'what GET /api/plan answers.',
  });
}

function readHours(text: string): number {
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (hours >= 1 && hours <= MOST_HOURS) return hours;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MOST_HOURS}.`);
}

const colours = { fits: 'green', tight: 'yellow', over: 'red' } as const;
/** What is left out where there is no room: what is busiest, carried and there. */
const SPARE = [5, 6, 7];
const head = ['BROKER', 'LIMIT', 'WHOSE', 'ROOM', 'USED', 'BUSIEST', 'CARRIES', 'HAS', 'VERDICT'];

/** The plan for a person. */
export function showPlan(plan: Plan, width?: number): string {
  const { budgets, refreshes } = plan;
  if (budgets.length === 0 && refreshes.length === 0)
    return 'No accounts are served from this Redis. Is the service running?\n';
  const sentences = budgets
    .filter(({ verdict }) => verdict !== 'fits')
    .map(
      (each) => `${styleText(colours[each.verdict], each.verdict)} ${each.broker}: ${budgetSentence(each)}`,
    );
  const doubts = budgets.flatMap((each) => {
    const doubt = doubtSentence(each);
    return doubt === undefined ? [] : [`${styleText('yellow', 'unsure')} ${each.broker}: ${doubt}`];
  });
  return [
    ...table(head, budgets.map(row), { width, spare: SPARE }),
    '',
    ...(sentences.length + doubts.length > 0 ? [...sentences, ...doubts, ''] : []),
    ...table(
      ['NEXT', 'NAME', 'BROKER', 'CALL'],
      nextOfEach(refreshes)
        .slice(0, SHOWN)
        .map(({ at, name, broker, call }) => [when(at - plan.from), name, broker, call]),
      { width },
    ),
    '',
    ...paceSentences(plan).map((each) => `${each}.`),
    `${plan.total} refreshes in the next ${plan.hours} h. ${conclusion[verdictOf(plan)]}`,
    '',
  ].join('\n');
}

function nextOfEach(refreshes: Plan['refreshes']): Plan['refreshes'] {
  const seen = new Set<string>();
  return refreshes.filter(({ name }) => seen.size < seen.add(name).size);
}

const conclusion = {
  fits: 'The limits carry them all.',
  tight: 'The limits carry them, with little to spare.',
  over: 'The limits do not carry them all.',
} as const;

function row(each: PlannedBudget): readonly Cell[] {
  const { limit, budget } = each;
  const isCounted = limit.counts === 'every-call';
  return [
    each.broker,
    limit.name,
    subjectOf(each),
    `${budget.routine} of ${budget.max} ${per(budget.windowMs)}`,
    String(each.used),
    isCounted ? String(each.busiest) : '-',
    each.carries === undefined ? '-' : String(Math.floor(each.carries)),
    isCounted && limit.per !== 'account' ? String(each.names.length) : '-',
    { text: each.verdict, colour: colours[each.verdict] },
  ];
}

const when = (inMs: number): string => (inMs <= 0 ? 'now' : `in ${duration(inMs)}`);
