import type { Redis } from 'ioredis';
import type { Alerts } from '../alerts/alerts.ts';
import type { Broker } from '../core/broker.ts';
import type { Limit } from '../core/limit.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { budgetSentence, doubtSentence, losesNothing } from '../core/plan-words.ts';
import { budgetsIn, makePlan, type Plan, type PlanParts } from '../core/plan.ts';
import { lackingRoom, type Room } from '../core/room.ts';
import { wayOf, type Way } from '../core/way.ts';
import { makeRoster, type RosterEntry } from '../redis/roster.ts';
import { readFacts } from '../redis/statuses.ts';
import { ledgerOf } from '../core/limits.ts';
import { readFailed, readProven, readSpentRenewals, readUsage } from '../redis/usage.ts';

export interface PlanSources {
  readonly redis: Redis;
  readonly brokers: readonly Broker[];
  /** A broker's limits, with the numbers that settings give them. */
  readonly limits: (broker: string) => readonly Limit[];
  readonly egress: string;
}

export interface PlanningParts extends PlanSources {
  readonly alerts: Pick<Alerts, 'raise' | 'resolve'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Planning {
  plan(hours: number): Promise<Plan>;
  /** Whose refresh would find no room, if all were wanted at once. */
  lackingRoom(): Promise<ReadonlyMap<string, Room>>;
  /**
   * Says which budgets carry fewer accounts than they have, before anything fails for it: one alert a broker, resolved
   * once all fit. The same of budgets that may be smaller than they are taken for. Never rejects: what cannot be foreseen
   * holds nothing up.
   */
  judge(): Promise<void>;
}

/** How far a start looks ahead. */
const HOURS = 24;

/** The plan for every account that is entered on this Redis. Rejects where Redis does. */
export async function readPlan(sources: PlanSources, hours: number, now: number): Promise<Plan> {
  return makePlan({ ...(await readPlanned(sources, now)), hours });
}

/** Whose refresh would find no room in the brokers' budgets, if all were wanted at once. Rejects where Redis does. */
export async function readLackingRoom(sources: PlanSources, now: number): Promise<ReadonlyMap<string, Room>> {
  return lackingRoom(await readPlanned(sources, now));
}

async function readPlanned(sources: PlanSources, now: number): Promise<Omit<PlanParts, 'hours'>> {
  const { redis, limits, egress } = sources;
  const entries = [...(await makeRoster(redis).read())];
  const names = entries.map(([name]) => name);
  const [facts, spent, proven] = await Promise.all([
    readFacts(redis, entries),
    readSpentRenewals(redis, names),
    readProven(redis, names),
  ]);
  const byName = new Map(entries);
  const accounts = facts.flatMap((each) => {
    const way = storedWay(byName.get(each.name), sources.brokers);
    return way
      ? [{ facts: each, way, renewalSpent: spent.has(each.name), proven: proven.has(each.name) }]
      : [];
  });
  const budgets = budgetsIn({ accounts, limits, egress });
  const ledgers = [...new Set(budgets.map(({ broker }) => broker))].map(async (broker) => {
    const ledger = ledgerOf(limits(broker), egress);
    return [broker, ledger ? await readFailed(redis, broker, ledger, now) : []] as const;
  });
  const [usage, failed] = await Promise.all([readUsage(redis, budgets, now), Promise.all(ledgers)]);
  const failedAt = new Map(failed);
  const counted = new Map(
    budgets.map(({ broker, budget }, i) => [`${broker} ${budget.limit} ${budget.subject}`, usage[i] ?? []]),
  );
  return {
    accounts,
    limits,
    egress,
    counted: (broker, budget) => counted.get(`${broker} ${budget.limit} ${budget.subject}`) ?? [],
    failed: (broker) => failedAt.get(broker) ?? [],
    from: now,
  };
}

export function makePlanning(parts: PlanningParts): Planning {
  const { alerts, clock, log } = parts;
  const plan = (hours: number): Promise<Plan> => readPlan(parts, hours, clock.now());

  async function judge(): Promise<void> {
    const { budgets } = await plan(HOURS);
    await sayDoubts(budgets);
    // Of failed sign-ins the accounts that wait for them are told of, each with its reason.
    const over = budgets.filter(({ verdict, ledger }) => verdict === 'over' && !ledger);
    for (const each of over) {
      log.warn(
        {
          event: 'plan.exceeded',
          broker: each.broker,
          limit: each.limit.name,
          accounts: each.names.length,
          ...(each.carries !== undefined && { carries: Math.floor(each.carries) }),
        },
        `${each.broker}: ${budgetSentence(each)}`,
      );
    }
    for (const { name: broker } of parts.brokers) {
      const concerned = over.filter((each) => each.broker === broker);
      if (concerned.length === 0) await alerts.resolve({ broker, code: 'plan_exceeded' });
      else
        await alerts.raise({
          broker,
          code: 'plan_exceeded',
          level: 'warning',
          message: concerned.map(budgetSentence).join(' '),
          ...(concerned.every(losesNothing) && {
            next: 'Nothing fails: what finds no room signs in instead, or waits for its turn.',
          }),
        });
    }
  }

  async function sayDoubts(budgets: Plan['budgets']): Promise<void> {
    const doubts = budgets.flatMap((each) => {
      const message = doubtSentence(each);
      return message === undefined ? [] : [{ ...each, message }];
    });
    for (const { broker, limit, names, message } of doubts)
      log.warn(
        { event: 'plan.doubted', broker, limit: limit.name, accounts: names.length },
        `${broker}: ${message}`,
      );
    for (const { name: broker } of parts.brokers) {
      const messages = doubts.filter((each) => each.broker === broker).map(({ message }) => message);
      if (messages.length === 0) await alerts.resolve({ broker, code: 'plan_doubted' });
      else
        await alerts.raise({
          broker,
          code: 'plan_doubted',
          level: 'warning',
          message: messages.join(' '),
          next: 'Calls go out as before; one that the broker refuses goes out again later.',
        });
    }
  }

  return {
    plan,
    lackingRoom: () => readLackingRoom(parts, clock.now()),
    judge: () =>
      judge().catch((error: unknown) => {
        const why = error instanceof Error ? error.message : 'unknown';
        log.warn({ event: 'plan.unmade', error: why }, 'The coming refreshes could not be planned.');
      }),
  };
}

/** The way that was entered; where an older version entered the account, the broker's usual one. */
function storedWay(entry: RosterEntry | undefined, brokers: readonly Broker[]): Way | undefined {
  if (entry?.way) return entry.way;
  const broker = brokers.find(({ name }) => name === entry?.broker);
  if (!entry || !broker) return undefined;
  const usual = wayOf({}, broker.policy, undefined);
  return entry.person ? usual : { ...usual, by: 'sign-in', signsIn: true };
}
