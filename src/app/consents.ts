import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Account } from '../core/account.ts';
import type { Arrival } from '../core/broker.ts';
import { moment } from '../core/day.ts';
import { duration } from '../core/duration.ts';
import type { Clock } from '../core/clock.ts';
import { SAME_TOKEN } from '../core/session.ts';
import type { ConsentOutcome, Desk } from '../http/desk.ts';
import { handOver, keepConsent, takeConsent } from '../redis/consents.ts';
import type { Seal } from '../redis/seal.ts';
import type { Keeper, Tended } from '../tending/parts.ts';
import { wayIn, type Tickets } from './tickets.ts';

export interface ConsentParts {
  readonly redis: Redis;
  readonly seal: Seal;
  readonly keeper: Keeper;
  readonly account: (name: string) => Account | undefined;
  readonly tickets: Pick<Tickets, 'issue'>;
  readonly clock: Clock;
}

/** Browser logins of persons: a one-time `state` leads each back to its account. */
export interface Consents extends Pick<Desk, 'beginConsent' | 'finishConsent'> {
  /** Takes no new ones and resolves once those under way have ended. */
  close(): Promise<void>;
}

/** How long a callback waits for an account that is just being looked at, or for room in a limit, and how often it asks. */
const PATIENCE_MS = 10_000;
const HELD_WAIT_MS = 250;
/** When a person may start again where nobody can say it. */
const LATER_MS = 60_000;
/** A process that takes over from one that ends is there by then. */
const RESTART_MS = 5_000;

const failed = (name: string, message: string): ConsentOutcome => ({
  outcome: 'broker-failed',
  name,
  message,
});

const unfinished = (name: string): ConsentOutcome =>
  failed(name, `The login of ${name} could not be finished. Start again from the link.`);

/** The broker was not called. A code lives for a minute or so: it is of no use by the time there is room. */
const notNow = (name: string, why: string, retryAfterMs = LATER_MS): ConsentOutcome => {
  const when = retryAfterMs === LATER_MS ? 'in a minute' : `after that, in ${duration(retryAfterMs + 999)}`;
  const message = `${why} The broker was not called and the code of this login was not sent; it is thrown away. Start again from the link ${when}.`;
  return { outcome: 'not-now', name, message, retryAfterMs };
};

const notServed = (name: string, message: string): ConsentOutcome => ({
  outcome: 'not-served',
  name,
  message,
});

/** What the person reads at the end of their login. */
export function arrivedAt(name: string, tended: Tended, now: number): ConsentOutcome {
  switch (tended.outcome) {
    case 'committed': {
      const message = `${name} is logged in; its token is good until ${moment(tended.session.grant.expiresAt)}.`;
      return { outcome: 'done', name, message: tended.same === true ? `${message} ${SAME_TOKEN}` : message };
    }
    case 'pending': {
      const message = `The login of ${name} went through. Its token is being proved; it is served as soon as the broker has answered.`;
      return { outcome: 'done', name, message };
    }
    case 'rested': {
      const { because, nextAt } = tended.decision;
      if (because !== 'budget_spent' || nextAt === undefined) {
        return notNow(name, `${name} has to wait (${because}).`);
      }
      // To the second, and not before it: some windows are no longer than that.
      const at = new Date(Math.ceil(nextAt / 1000) * 1000).toISOString().slice(11, 19);
      const why = `A limit of the broker (its calls for this user) leaves no room for this login before ${at} UTC.`;
      return notNow(name, why, Math.max(1_000, nextAt - now));
    }
    case 'held':
    case 'ramped':
      return notNow(name, `${name} is busy with another look at it.`);
    case 'failed': {
      const { code, message } = tended.error;
      const isOthers = code === 'someone_else' || code === 'claimed_by_another';
      return isOthers ? { outcome: 'someone-else', name, message } : failed(name, message);
    }
    case 'refused':
      return tended.reason === 'paused'
        ? notServed(
            name,
            `${name} is paused, so the code of this login was not sent. Resume it, then log in again.`,
          )
        : unfinished(name);
    default:
      return unfinished(name);
  }
}

/** How long until the same code may be tried again, ms; undefined: it was sent, or waiting does not help. */
function waitAfter(tended: Tended, now: number): number | undefined {
  if (tended.outcome === 'held') return HELD_WAIT_MS;
  if (tended.outcome !== 'rested' || tended.decision.because !== 'budget_spent') return undefined;
  return Math.max(HELD_WAIT_MS, (tended.decision.nextAt ?? Infinity) - now);
}

export function makeConsents(parts: ConsentParts): Consents {
  const { redis, seal, clock } = parts;
  const underWay = new Set<Promise<ConsentOutcome>>();
  const closing = new AbortController();

  async function finish(name: string, arrival: Arrival): Promise<ConsentOutcome> {
    if (parts.account(name)?.enabled !== true) return notServed(name, `${name} is not served any more.`);
    let tended = await parts.keeper.receive(name, arrival);
    let waited = 0;
    for (;;) {
      const waitMs = waitAfter(tended, clock.now());
      if (waitMs === undefined || waited + waitMs > PATIENCE_MS) return arrivedAt(name, tended, clock.now());
      waited += waitMs;
      await clock.sleep(waitMs, closing.signal);
      // A process that ends begins nothing new, and what was not sent can be made anew.
      if (closing.signal.aborted) return arrivedAt(name, tended, clock.now());
      tended = await parts.keeper.receive(name, arrival);
    }
  }

  return {
    async beginConsent(broker, name) {
      const account = parts.account(name);
      const consent = account?.connection.consent;
      if (closing.signal.aborted || account?.broker !== broker || !account.enabled || !consent)
        return undefined;
      const state = randomBytes(24).toString('base64url');
      await keepConsent(redis, state, name);
      return new URL(consent.url(state));
    },

    async finishConsent(state, arrival) {
      // The state is left for the next process: the person only has to load the page again.
      if (closing.signal.aborted) {
        const message = 'The service is restarting. Load this page again in a few seconds.';
        return { outcome: 'not-now', message, retryAfterMs: RESTART_MS, reload: true };
      }
      const kept = state === undefined ? undefined : await takeConsent(redis, state);
      if (state === undefined || kept === undefined) {
        return {
          outcome: 'unknown-state',
          message:
            'This login was not started here, is too old, or was used already. Start again from the link.',
        };
      }
      const { name, taker } = kept;
      if (taker === 'terminal') {
        // The command spends the code itself: a code is sent once, and its report has to show the call.
        await handOver(redis, seal, state, arrival);
        const message = 'The command at the terminal has it now, and says what becomes of it.';
        return { outcome: 'handed-over', name, message };
      }
      const finishing = finish(name, arrival);
      underWay.add(finishing);
      try {
        const outcome = await finishing;
        const account = parts.account(name);
        // They were sent here by a link that may be edited away by now, and have no admin token.
        return outcome.outcome !== 'done' && account?.enabled
          ? { ...outcome, again: wayIn(parts.tickets, account, clock.now()) }
          : outcome;
      } finally {
        underWay.delete(finishing);
      }
    },

    async close() {
      closing.abort();
      await Promise.allSettled([...underWay]);
    },
  };
}
