import type { Redis } from 'ioredis';
import type { Channelled } from '../alerts/alerts.ts';
import { brokers } from '../brokers/index.ts';
import type { Clock } from '../core/clock.ts';
import { describe, heldBackOf } from '../core/describe.ts';
import { refusedEarlier } from '../core/refused-words.ts';
import { heldBackMessage } from '../core/held-back.ts';
import { describeSilences } from '../core/silence-words.ts';
import type { Desk, RefreshAnswer } from '../http/desk.ts';
import { readDays } from '../redis/days.ts';
import type { Roster, RosterEntry } from '../redis/roster.ts';
import { readSilences } from '../redis/silences.ts';
import { readFacts } from '../redis/statuses.ts';
import type { Tidings } from '../redis/tidings.ts';
import { readUses } from '../redis/uses.ts';
import { makeAsking } from './asking.ts';
import type { Audit } from './audit.ts';
import type { Consents } from './consents.ts';
import { brokerNamed } from './engine.ts';
import { explainAccount } from './explaining.ts';
import { makeInterventions } from './interventions.ts';
import type { Planning } from './planning.ts';
import type { Tickets } from './tickets.ts';
import type { Webhooks } from './webhooks.ts';
import { outOfService, requestRefresh, silence } from './wishes.ts';

export interface DeskParts {
  readonly redis: Redis;
  readonly roster: Roster;
  readonly consents: Pick<Consents, 'beginConsent' | 'finishConsent'>;
  readonly webhooks: Pick<Webhooks, 'takeNotice'>;
  readonly tickets: Tickets;
  readonly tidings: Pick<Tidings, 'listen'>;
  readonly planning: Pick<Planning, 'plan' | 'lackingRoom'>;
  readonly audit: Pick<Audit, 'note'>;
  readonly clock: Clock;
  /** A login without a ticket begins where one is signed in. */
  readonly pageUrl: string;
  readonly notReady: () => Promise<readonly string[]>;
  /** How the channels for alerts do. */
  readonly channels: () => readonly Channelled[];
  /** Why STATE_DIR is of no use, in words; undefined: it is. */
  readonly stateFolder: () => string | undefined;
  /** Why the broker may not be called now, and until when (ms). */
  readonly silentUntil: (broker: string) => Promise<number>;
  readonly nudge: (broker: string) => void;
  readonly egress: string;
}

export function makeDesk(parts: DeskParts): Desk {
  const { redis, roster, clock } = parts;
  const linkTo = (entry: RosterEntry, name: string): string =>
    `${parts.pageUrl}/oauth/${entry.broker}/${encodeURIComponent(name)}`;
  const network = (): { readonly egress: string; readonly now: number } => ({
    egress: parts.egress,
    now: clock.now(),
  });

  return {
    async accounts() {
      const facts = await readFacts(redis, [...(await roster.read())], network());
      return facts.map((each) => describe(each, clock.now()));
    },

    async account(name) {
      const entry = await roster.get(name);
      if (!entry) return undefined;
      const now = clock.now();
      const [[facts], used] = await Promise.all([
        readFacts(redis, [[name, entry]], network()),
        readUses(redis, [name], now),
      ]);
      return facts && { ...describe(facts, now), usage: used.get(name) };
    },

    listen: parts.tidings.listen,
    async silences(accounts) {
      const names = brokers.map(({ name }) => name);
      const silences = await readSilences(redis, names, parts.egress, clock.now());
      return describeSilences(silences, (name) => brokerNamed(name).title, parts.egress, accounts);
    },

    async readiness() {
      const reasons = await parts.notReady();
      const details = [...parts.channels().flatMap(troubleOf), ...[parts.stateFolder() ?? []].flat()];
      return { ready: reasons.length === 0, reasons, details };
    },

    plan: parts.planning.plan,
    lackingRoom: parts.planning.lackingRoom,

    async requestRefresh(name, options): Promise<RefreshAnswer> {
      const entry = await roster.get(name);
      if (!entry) return { outcome: 'unknown-name', message: `There is no account named ${name}.` };
      const [facts] = await readFacts(redis, [[name, entry]]);
      const out = outOfService(name, entry, facts, clock.now());
      if (out) return out;
      const status = facts && describe(facts, clock.now());
      if (entry.person) {
        return {
          outcome: 'action-required',
          message: `Only a person can get the next token of ${name}: open the link and log in.`,
          url: linkTo(entry, name),
        };
      }
      if (status?.state === 'stopped' && !options.rearm) {
        return {
          outcome: 'stopped',
          message: `${name} is stopped: ${status.last_error?.message ?? refusedEarlier(name)}`,
          retryAt: null,
        };
      }
      const silent = silence(facts, await parts.silentUntil(entry.broker), clock.now());
      if (silent) return silent;
      const heldBack = facts && !options.rearm ? heldBackOf(facts, clock.now()) : undefined;
      if (heldBack) {
        const retryAt = new Date(heldBack.until).toISOString();
        return {
          outcome: 'held-back',
          message: `${name} cannot be refreshed now: ${heldBack.message}`,
          retryAt,
        };
      }
      if (options.room) {
        const { budget, until } = options.room;
        return {
          outcome: 'held-back',
          message: `${name} was not asked for: ${heldBackMessage(budget, undefined, until)}`,
          retryAt: new Date(until).toISOString(),
        };
      }
      await requestRefresh(redis, name, entry.broker, options.rearm, clock.now());
      parts.nudge(entry.broker);
      return { outcome: 'started', message: `A refresh of ${name} has been started.` };
    },

    ask: makeAsking(parts),
    ...makeInterventions(parts),
    lastDays: (names) => readDays(redis, names, clock.now()),
    explain: (name) => explainAccount(parts, name),
    noteAct: parts.audit.note,
    beginConsent: parts.consents.beginConsent,
    finishConsent: parts.consents.finishConsent,
    takeNotice: parts.webhooks.takeNotice,
    ticketIsGood: (broker, name, ticket) => parts.tickets.isGood(broker, name, ticket, clock.now()),
  };
}

/** A channel that takes nothing is no reason to stop serving, but nobody would hear of what is. */
function troubleOf({ channel, state }: Channelled): readonly string[] {
  switch (state) {
    case 'works':
      return [];
    case 'failing':
      return [`alerts by ${channel} do not get through and are tried again`];
    case 'dead':
      return [
        `alerts by ${channel} are not taken any more: only a person can mend the channel; it is tried again every hour`,
      ];
  }
}
