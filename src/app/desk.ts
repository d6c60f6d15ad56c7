import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import { describe } from '../core/describe.ts';
import type { Desk, RefreshAnswer } from '../http/desk.ts';
import { keepConsent, takeConsent } from '../redis/consents.ts';
import { keys } from '../redis/keys.ts';
import type { Roster, RosterEntry } from '../redis/roster.ts';
import { run, scripts } from '../redis/scripts.ts';
import { readFacts } from '../redis/statuses.ts';
import type { Keeper, Tended } from '../tending/parts.ts';
import type { Tickets } from './tickets.ts';

export interface DeskParts {
  readonly redis: Redis;
  readonly roster: Roster;
  readonly keeper: Keeper;
  readonly account: (name: string) => Account | undefined;
  readonly tickets: Tickets;
  readonly clock: Clock;
  readonly publicUrl: string;
  readonly notReady: () => Promise<readonly string[]>;
  /** Why the broker may not be called now, and until when (ms). */
  readonly silentUntil: (broker: string) => Promise<number>;
  readonly nudge: (broker: string) => void;
}

/** How long a person's callback waits for an account that is just being looked at, and how often it asks. */
const HELD_WAITS = 40;
const HELD_WAIT_MS = 250;

export function makeDesk(parts: DeskParts): Desk {
  const { redis, roster, clock } = parts;
  const linkTo = (entry: RosterEntry, name: string): string =>
    `${parts.publicUrl}/oauth/${entry.broker}/${encodeURIComponent(name)}`;

  return {
    async accounts() {
      const facts = await readFacts(redis, [...(await roster.read())]);
      return facts.map((each) => describe(each, clock.now()));
    },

    async account(name) {
      const entry = await roster.get(name);
      const [facts] = entry ? await readFacts(redis, [[name, entry]]) : [];
      return facts && describe(facts, clock.now());
    },

    async readiness() {
      const reasons = await parts.notReady();
      return { ready: reasons.length === 0, reasons };
    },

    async requestRefresh(name, options): Promise<RefreshAnswer> {
      const entry = await roster.get(name);
      if (!entry) return { outcome: 'unknown-name', message: `There is no account named ${name}.` };
      if (entry.person) {
        return {
          outcome: 'action-required',
          message: `Only a person can get the next token of ${name}: open the link and log in.`,
          url: linkTo(entry, name),
        };
      }
      const [facts] = await readFacts(redis, [[name, entry]]);
      const status = facts && describe(facts, clock.now());
      if (status?.state === 'disabled') {
        return { outcome: 'stopped', message: `${name} is disabled in the credentials file.`, retryAt: null };
      }
      if (status?.state === 'stopped' && !options.rearm) {
        return {
          outcome: 'stopped',
          message: `${name} is stopped: ${status.last_error?.message ?? 'a person must act'}`,
          retryAt: null,
        };
      }
      const silentUntil = await parts.silentUntil(entry.broker);
      if (silentUntil > clock.now()) {
        const retryAt = new Date(silentUntil).toISOString();
        return { outcome: 'silent', message: `The broker asked for silence until ${retryAt}.`, retryAt };
      }
      await requestRefresh(redis, name, entry.broker, options.rearm, clock.now());
      parts.nudge(entry.broker);
      return { outcome: 'started', message: `A refresh of ${name} has been started.` };
    },

    async beginConsent(broker, name) {
      const account = parts.account(name);
      const consent = account?.connection.consent;
      if (account?.broker !== broker || !consent) return undefined;
      const state = randomBytes(24).toString('base64url');
      await keepConsent(redis, state, name);
      return new URL(consent.url(state));
    },

    async finishConsent(state, arrival) {
      const name = state === undefined ? undefined : await takeConsent(redis, state);
      if (name === undefined) {
        return {
          outcome: 'unknown-state',
          message:
            'This login was not started here, is too old, or was used already. Start again from the link.',
        };
      }
      let tended: Tended = { outcome: 'held' };
      for (let i = 0; i < HELD_WAITS && tended.outcome === 'held'; i++) {
        if (i > 0) await clock.sleep(HELD_WAIT_MS);
        tended = await parts.keeper.receive(name, arrival);
      }
      if (tended.outcome === 'committed') {
        const until = new Date(tended.session.grant.expiresAt).toISOString();
        return { outcome: 'done', name, message: `${name} is logged in; its token is good until ${until}.` };
      }
      if (tended.outcome === 'failed') {
        const { code, message } = tended.error;
        return {
          outcome:
            code === 'someone_else' || code === 'claimed_by_another' ? 'someone-else' : 'broker-failed',
          name,
          message,
        };
      }
      return {
        outcome: 'broker-failed',
        name,
        message: `The login of ${name} could not be finished. Start again from the link.`,
      };
    },

    ticketIsGood: (broker, name, ticket) => parts.tickets.isGood(broker, name, ticket, clock.now()),
  };
}

/** Asks for a refresh of one account; whichever process serves it does it next. */
export async function requestRefresh(
  redis: Redis,
  name: string,
  broker: string,
  rearm: boolean,
  now: number,
): Promise<boolean> {
  const request = JSON.stringify({ at: now, rearm });
  return (
    (await run(
      redis,
      scripts.request,
      [keys.record(name), keys.due(broker), keys.roster],
      [name, request, now],
    )) === 1
  );
}
