import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Account } from '../core/account.ts';
import type { Arrival } from '../core/broker.ts';
import { moment } from '../core/day.ts';
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

/** How long a callback waits for an account that is just being looked at, and how often it asks. */
const HELD_WAITS = 40;
const HELD_WAIT_MS = 250;

const failed = (name: string, message: string): ConsentOutcome => ({
  outcome: 'broker-failed',
  name,
  message,
});

/** What the person reads at the end of their login. */
export function arrivedAt(name: string, tended: Tended): ConsentOutcome {
  if (tended.outcome === 'committed') {
    const message = `${name} is logged in; its token is good until ${moment(tended.session.grant.expiresAt)}.`;
    return { outcome: 'done', name, message: tended.same === true ? `${message} ${SAME_TOKEN}` : message };
  }
  if (tended.outcome === 'pending') {
    const message = `The login of ${name} went through. Its token is being proved; it is served as soon as the broker has answered.`;
    return { outcome: 'done', name, message };
  }
  if (tended.outcome === 'refused' && tended.reason === 'paused') {
    return failed(name, `${name} is paused. Resume it, then log in again.`);
  }
  if (tended.outcome !== 'failed') {
    return failed(name, `The login of ${name} could not be finished. Start again from the link.`);
  }
  const { code, message } = tended.error;
  const isOthers = code === 'someone_else' || code === 'claimed_by_another';
  return isOthers ? { outcome: 'someone-else', name, message } : failed(name, message);
}

export function makeConsents(parts: ConsentParts): Consents {
  const { redis, seal, clock } = parts;
  const underWay = new Set<Promise<ConsentOutcome>>();
  let closed = false;

  async function finish(name: string, arrival: Arrival): Promise<ConsentOutcome> {
    if (parts.account(name)?.enabled !== true) return failed(name, `${name} is not served any more.`);
    let tended: Tended = { outcome: 'held' };
    for (let i = 0; i < HELD_WAITS && tended.outcome === 'held'; i++) {
      if (i > 0) await clock.sleep(HELD_WAIT_MS);
      tended = await parts.keeper.receive(name, arrival);
    }
    return arrivedAt(name, tended);
  }

  return {
    async beginConsent(broker, name) {
      const account = parts.account(name);
      const consent = account?.connection.consent;
      if (closed || account?.broker !== broker || !account.enabled || !consent) return undefined;
      const state = randomBytes(24).toString('base64url');
      await keepConsent(redis, state, name);
      return new URL(consent.url(state));
    },

    async finishConsent(state, arrival) {
      // The state is left for the next process: the person only has to load the page again.
      if (closed) return failed('', 'The service is restarting. Load this page again in a few seconds.');
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
        const isOver = outcome.outcome === 'broker-failed' || outcome.outcome === 'someone-else';
        // They were sent here by a link that may be edited away by now, and have no admin token.
        return isOver && account?.enabled
          ? { ...outcome, again: wayIn(parts.tickets, account, clock.now()) }
          : outcome;
      } finally {
        underWay.delete(finishing);
      }
    },

    async close() {
      closed = true;
      await Promise.allSettled([...underWay]);
    },
  };
}
