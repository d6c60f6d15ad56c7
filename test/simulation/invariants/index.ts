import type { World } from '../world.ts';
import { watchBreakers } from './breakers.ts';
import { watchBudgets } from './budgets.ts';
import { watchFlights, watchSpending } from './calls.ts';
import { watchDefects } from './defects.ts';
import { watchIncidents } from './incidents.ts';
import { watchLedgers } from './ledgers.ts';
import { watchObserved } from './observed.ts';
import { watchPenalties } from './penalties.ts';
import { watchPlans } from './plans.ts';
import { watchRecoveries } from './recoveries.ts';
import { watchReports } from './reports.ts';
import { broken, served, type InvariantOptions } from './rules.ts';
import { watchSecrets } from './secrets.ts';
import { watchSignIns } from './sign-ins.ts';
import { watchTokens, type Gap } from './tokens.ts';
import { watchWellness } from './wellness.ts';

/** Clocks that stand less far apart are kept, ms. */
const LEAST_MOVED_MS = 5_000;

export { BrokenInvariant, nameOf, strictest, type InvariantOptions } from './rules.ts';
export type { Gap } from './tokens.ts';

/** Watches a world: every rule is looked at whenever something that it speaks of has changed. */
export interface Invariants {
  /** Redis lost data: what it knew may be unknown to it again. */
  redisLost(): void;
  /** The same, and what is there now is what was there then (an instant). */
  redisRolledBack(from: number): void;
  /** A process' clock was moved so far from the others', ms: plans get their time to follow. */
  clockMoved(apartMs: number): void;
  /** A person allowed one more try. */
  rearmed(name: string): void;
  /** How long each account had no live token since its first one, ms, with the instants. */
  gaps(): ReadonlyMap<string, readonly Gap[]>;
  /** How long all accounts together have been served since their first tokens, ms. */
  servedMs(): number;
  /** What must hold when all is well again: every token live, every incident over but those of `lasting` accounts. */
  checkCalm(lasting: ReadonlySet<string>): void;
}

export function watchInvariants(world: World, options: InvariantOptions): Invariants {
  const signIns = watchSignIns(world, options);
  const tokens = watchTokens(world);
  const spending = watchSpending(world, options);
  const flights = watchFlights(world);
  const budgets = watchBudgets(world);
  const ledgers = watchLedgers(world);
  const secrets = watchSecrets(world, tokens.latest);
  watchDefects(world);
  const wellness = watchWellness(world);
  watchPlans(world, wellness, options);
  watchBreakers(world, wellness, options.planWithinMs);
  watchIncidents(world, wellness);
  const recoveries = watchRecoveries(world, wellness, options);
  const reports = watchReports(world);
  watchObserved(world);
  const penalties = watchPenalties(world);
  const redisLost = (): void => {
    signIns.redisLost();
    if (!options.factsOutliveRedis) {
      budgets.forget();
      ledgers.forget();
      penalties.forget();
      tokens.forget();
    }
    tokens.redisLost();
    recoveries.redisLost();
    wellness.disturbed();
    flights.forget();
  };
  return {
    redisLost,
    redisRolledBack(from) {
      redisLost();
      spending.rolledBack(from);
    },
    clockMoved(apartMs) {
      wellness.disturbed();
      if (apartMs <= LEAST_MOVED_MS) return;
      signIns.clocksApart();
      ledgers.clocksApart();
      reports.clocksApart();
    },
    rearmed(name) {
      signIns.rearmed(name);
      budgets.rearmed(name);
      ledgers.rearmed(name);
    },
    gaps: tokens.gaps,
    servedMs: tokens.servedMs,
    checkCalm(lasting) {
      for (const name of served(world)) {
        if (lasting.has(name) || world.token(name) !== undefined) continue;
        broken(
          `${name} has no live token though all has been well for long: ${JSON.stringify(world.state(name))}`,
        );
      }
      for (const incident of world.openIncidents()) {
        // One that all moved away from is said to be over when they work again.
        if (incident.accounts.length === 0 || incident.accounts.some((name) => lasting.has(name))) continue;
        broken(`the incident ${incident.id} (${incident.accounts.join()}) is open though all is well`);
      }
      secrets.checkDisks();
    },
  };
}
