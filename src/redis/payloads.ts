import type { Grant } from '../core/broker.ts';
import { rampOpenAt } from '../core/policy.ts';
import { dayPayload } from '../core/last-day.ts';
import type { Attempt } from '../core/session.ts';
import type { Commit, Lease, NoteOptions, Settlement } from '../core/store.ts';
import { event, madeOf, pauseText, standing } from './payload-parts.ts';
import { REARM_SHARE } from './rearm.ts';
import { factFields, outcomeFields, sessionFields } from './record.ts';
import type { Seal } from './seal.ts';
import { usePayload } from './uses.ts';

/** What a script is told, as JSON; each script's head says what it reads. */
export type Payload = Readonly<Record<string, unknown>>;

/** Key lists outlive their tokens, so that what others put on them is still there tomorrow. */
const LIST_TTL_MS = 7 * 24 * 60 * 60_000;
/** No call has a later deadline, ms. */
const LONGEST_CALL_MS = 10_000;
/** What a success wipes from the record. */
const settledFields = [
  'attempt',
  'failures',
  'trouble',
  'retryAt',
  'unknownSignIns',
  'answeredSignIns',
  'request',
  'claimedBy',
  'expiredSaid',
  'pending',
  'carry',
  'heldBack',
  'withdrawn',
];
/** How many accounts get no answer, with nobody answered between them, before nobody calls their broker. */
const BREAKER_TRIPS = 3;
/** Names a call in the budgets that count it. */
const memberOf = (lease: Lease): string => `${lease.name}:${lease.fence}`;

export function notePayload(
  lease: Lease,
  attempt: Attempt | undefined,
  options: NoteOptions,
  seenRequest: string,
): Payload {
  const { network: _, leaves: __, signIn, seedSpent, reads = 0, ...rest } = options;
  return {
    ...rest,
    name: lease.name,
    owner: lease.owner,
    fence: String(lease.fence),
    member: memberOf(lease),
    seenRequest,
    open: rampOpenAt,
    budgets: options.budgets.map((budget) => ({
      ...budget,
      cost: options.cost + (budget.countsReads ? reads : 0),
    })),
    ...(attempt && { attempt: JSON.stringify(attempt) }),
    ...(seedSpent !== undefined && { seedSpent }),
    ...(signIn && {
      signIn: true,
      proven: signIn.proven,
      forced: signIn.forced,
      ...(signIn.ledger && { ledger: { ...signIn.ledger, ours: signIn.ledger.routine } }),
    }),
  };
}

export function commitPayload(lease: Lease, commit: Commit, seal: Seal, now: number): Payload {
  const facts = factFields(commit.facts);
  return {
    ...publication(lease.name, commit, now),
    owner: lease.owner,
    fence: String(lease.fence),
    claims: commit.claims,
    adopted: commit.session.source === 'adopted' && !commit.handed,
    startedAt: commit.startedAt ?? 0,
    lifeMs: commit.session.grant.lifeMs ?? 0,
    set: {
      ...sessionFields(lease.name, commit.session, seal),
      ...(commit.refused.length > 0 && { refused: JSON.stringify(commit.refused) }),
      ...facts.set,
    },
    drop: [
      ...settledFields.filter((field) => !(field in facts.set)),
      ...(commit.refused.length > 0 ? [] : ['refused']),
      ...facts.drop,
    ],
    standing:
      now < commit.session.grant.expiresAt
        ? standing('fresh', '', now, commit.session.grant.expiresAt)
        : standing('due', 'expired', now, commit.session.grant.expiresAt),
    dueAt: Math.max(1, commit.dueAt),
    paused: pauseText(commit.paused),
    made: {
      did: 'published',
      state: 'fresh',
      reason: commit.session.source,
      nextAt: Math.max(1, commit.dueAt),
      day: dayPayload('fresh', 'published', now, Math.max(1, commit.dueAt)),
    },
    events: commit.events.map((kind) =>
      event(kind, lease.name, namesIn(commit), commit.session.generation, commit.session.grant.expiresAt),
    ),
    ramp: commit.ramp ?? '',
    open: rampOpenAt,
    answered: commit.answered,
    ...(commit.ledger && { signedIn: { windowMs: commit.ledger.windowMs } }),
    uses: usePayload(commit.uses ?? [], now),
  };
}

export function settlePayload(
  lease: Lease,
  settlement: Settlement,
  seal: Seal,
  seenRequest: string,
  now: number,
): Payload {
  const { record, answered = '', charge, failed = [], refunded = [], withdraw = false } = settlement;
  const { set, drop } = outcomeFields(lease.name, record, seal);
  return {
    name: lease.name,
    names: settlement.names,
    owner: lease.owner,
    fence: String(lease.fence),
    now,
    set: { ...set, ...(withdraw && record.session && sessionFields(lease.name, record.session, seal)) },
    drop,
    withdraw: withdraw !== false,
    companionsToo: withdraw === 'all',
    paused: pauseText(record.paused),
    made: madeOf(settlement, now),
    answer: answered,
    reached: settlement.reached === true,
    signIn: settlement.signIn ?? '',
    trips: BREAKER_TRIPS,
    member: memberOf(lease),
    failed: failed.map((budget) => budget.windowMs),
    refunded: refunded.map(({ kept }) => kept),
    ...(charge && {
      charge: { class: charge.as === 'refused' ? 'r' : 'u', windowMs: charge.ledger.windowMs },
    }),
    standing: standing(
      settlement.standing.state,
      settlement.standing.reason,
      now,
      settlement.standing.until ?? record.session?.grant.expiresAt,
    ),
    dueAt: settlement.dueAt ?? 0,
    seenRequest,
    seenReport: record.reported?.at ?? 0,
    event: settlement.event
      ? event(
          settlement.event,
          lease.name,
          settlement.names,
          record.session?.generation ?? 0,
          record.session?.grant.expiresAt,
        )
      : '',
    ramp: settlement.ramp ?? '',
    open: rampOpenAt,
    uses: usePayload(settlement.uses ?? [], now),
  };
}

export function restorePayload(name: string, commit: Commit, now: number): Payload {
  return { ...publication(name, commit, now), restore: true };
}

function publication(name: string, commit: Commit, now: number): Readonly<Record<string, unknown>> {
  const { grant, generation } = commit.session;
  const expiresAt = endOf(grant, grant.expiresAt, now);
  const keyUntil = Math.max(
    1,
    Math.min(expiresAt, commit.ttlCapMs === undefined ? Infinity : now + commit.ttlCapMs),
  );
  return {
    name,
    now,
    names: namesIn(commit),
    generation: String(generation),
    token: grant.token,
    expiresAt,
    keyUntil,
    listTtlMs: LIST_TTL_MS,
    publications: commit.publications,
    companions: companionsOf(name, grant, now),
    rearmAt: commit.ttlCapMs !== undefined && keyUntil < expiresAt ? now + REARM_SHARE * commit.ttlCapMs : 0,
  };
}

/**
 * When a token of the grant ends, by this clock. One that seems to be born later than now was dated before
 * the clock was set back: it has no more than its life, and its call took some of that.
 */
function endOf({ issuedAt }: Grant, expiresAt: number, now: number): number {
  return issuedAt <= now ? expiresAt : Math.min(expiresAt, now + (expiresAt - issuedAt) - LONGEST_CALL_MS);
}

function companionsOf(
  name: string,
  grant: Grant,
  now: number,
): readonly { readonly key: string; readonly token: string; readonly keyUntil: number }[] {
  const living = (grant.companions ?? []).filter(({ expiresAt }) => expiresAt > now);
  return living.map(({ suffix, token, expiresAt }) => ({
    key: `token:${name}:${suffix}`,
    token,
    keyUntil: endOf(grant, expiresAt, now),
  }));
}

const namesIn = (commit: Commit): readonly string[] =>
  commit.publications.map((publication) => publication.name);
