import type { Account } from '../core/account.ts';
import type { LimitedCall } from '../core/limit.ts';
import { heldBackMessage, type HeldBack } from '../core/held-back.ts';
import { ASKED_LOOK_MS, decide } from '../core/decide.ts';
import { lastSafeStart } from '../core/policy.ts';
import type { AccountRecord, Attempt, AttemptKind } from '../core/session.ts';
import type { NoteOptions } from '../core/store.ts';
import { isRefused } from '../core/verdicts.ts';
import { LEASE_SHARE, type HeldLease } from './lease.ts';
import type { Outcomes } from './outcomes.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import { hasLiveToken, type Surroundings } from './surroundings.ts';
import type { Telling } from './telling.ts';

/** The call may go out; or the look has ended, and how. */
export type MayCall =
  | {
      readonly may: 'call';
      /** The broker seemed down: a harmless call has to be answered before a password goes out. */
      readonly reachFirst: boolean;
      /** When it was noted, ms: what is found open later is known by it. */
      readonly startedAt: number;
    }
  /** There is no room for a renewal before it would come too late, but a sign-in is another way. */
  | { readonly may: 'sign-in instead' }
  | { readonly may: 'not'; readonly tended: Tended };

/**
 * Notes one call in the account's record and charges it to the broker's limits, before it goes out. With
 * a `kind` it is an attempt, whose outcome closes it; without, a read that changes nothing.
 */
export type Note = (
  account: Account,
  held: HeldLease,
  record: AccountRecord,
  call: LimitedCall,
  how: Pick<NoteOptions, 'passesBreaker' | 'passesSilence' | 'reads' | 'seedSpent'> & {
    readonly kind?: AttemptKind;
  },
) => Promise<MayCall>;

/** An attempt that Redis may know of though its call never went out, and what its note took from the record. */
export interface Unsent {
  readonly startedAt: number;
  readonly request: AccountRecord['request'];
  readonly seedSpent: AccountRecord['seedSpent'];
}

/** @param unsent such attempts of this process, by account */
export function makeNote(
  parts: KeeperParts,
  around: Surroundings,
  outcomes: Outcomes,
  tell: Telling,
  unsent: Map<string, Unsent>,
): Note {
  const { store, clock } = parts;

  async function heldBackBy(
    account: Account,
    record: AccountRecord,
    call: LimitedCall,
    { limit, until }: { readonly limit: string; readonly until: number },
    at: number,
  ): Promise<HeldBack | undefined> {
    const ledger = call === 'sign-in' ? around.ledgerOf(account) : undefined;
    const budget = [...around.budgetsOf(account, call), ...(ledger ? [ledger] : [])].find(
      (each) => each.limit === limit,
    );
    if (!budget) return undefined;
    const credentials = parts.fingerprints(account.credentials);
    const says =
      ledger && budget === ledger
        ? {
            ledger,
            failed: await store.failedIn(around.networkOf(account), ledger, at),
            at,
            proven: isProven(record, credentials),
            forced: isAskedFor(record, credentials),
          }
        : undefined;
    // What it first waited with: until it is tried, a change that a person made stays one.
    const fingerprint = record.heldBack?.fingerprint ?? credentials[0] ?? '';
    return { fingerprint, until, message: heldBackMessage(budget, says, until) };
  }

  return async (account, held, record, call, { kind, ...how }) => {
    const now = clock.now();
    const { timeoutMs } = policyOf(parts, account);
    const { session } = record;
    const live = hasLiveToken(account, record, now);
    const safeUntil =
      session && lastSafeStart(session.grant.issuedAt, session.grant.expiresAt, { timeoutMs });
    const credentials = parts.fingerprints(account.credentials);
    const fingerprint = around.fingerprintOf(account);
    const attempt: Attempt | undefined = kind && { kind, startedAt: now, by: parts.instance, fingerprint };
    const { request, seedSpent } = record;
    if (attempt) unsent.set(account.name, { startedAt: now, request, seedSpent });
    const noted = await store.note(held.lease, attempt, {
      ...how,
      ttlMs: timeoutMs * LEASE_SHARE,
      now,
      network: around.networkOf(account),
      budgets: around.budgetsOf(account, call),
      cost: account.connection.cost?.[call] ?? 1,
      reads: how.reads ?? 0,
      reaches: (call === 'sign-in' || call === 'renewal') && account.connection.reach !== undefined,
      leaves: call === 'sign-in' ? around.budgetsOf(account, 'renewal') : [],
      emergency: !live || now >= (safeUntil ?? 0),
      expiresAt: live ? (session?.grant.expiresAt ?? 0) : 0,
      ...(call === 'sign-in' && {
        signIn: {
          ledger: around.ledgerOf(account),
          proven: isProven(record, credentials),
          forced: isAskedFor(record, credentials),
        },
      }),
    });
    unsent.delete(account.name);
    if (noted.outcome === 'noted') return { may: 'call', reachFirst: noted.reachFirst, startedAt: now };
    if (!('until' in noted)) {
      return { may: 'not', tended: { outcome: noted.outcome } };
    }
    const isOver = noted.outcome === 'over';
    const because = { over: 'budget_spent', down: 'broker_down', silent: 'broker_silence' }[noted.outcome];
    // Past this the renewal would come too late: whoever can goes another way.
    if (isOver && call === 'renewal' && noted.until > (safeUntil ?? 0) && account.connection.signIn) {
      return { may: 'sign-in instead' };
    }
    if (isOver && call === 'proof') {
      // What cannot be proved now is in doubt still, but nothing else waits for it: least of all its renewal.
      const after = { ...record, proofDueAt: noted.until };
      const next = decide(around.situationOf(account, after, held), now);
      const soon = {
        do: 'rest',
        state: live ? 'due' : 'expired',
        because: 'budget_spent',
        nextAt: now,
      } as const;
      return {
        may: 'not',
        tended: await outcomes.rest(account, held, after, next.do === 'rest' ? next : soon),
      };
    }
    if (isOver && call === 'request') {
      // The phone cannot be rung again today: the link is the way in, and is said as long as it is wanted.
      const nextAt = Math.min(noted.until, now + ASKED_LOOK_MS);
      const link = { do: 'rest', state: 'awaiting_approval', because: 'awaiting_approval', nextAt } as const;
      return { may: 'not', tended: await outcomes.rest(account, held, record, link) };
    }
    if (noted.outcome === 'silent') {
      // It came between the look and the call: decided again, as a moment later it would have been.
      const silenced = around.situationOf(account, record, { ...held, silentUntil: noted.until });
      const next = decide(silenced, now);
      if (next.do === 'rest') return { may: 'not', tended: await outcomes.rest(account, held, record, next) };
    }
    if (noted.outcome === 'over') tell.overBudget(account, noted.limit, noted.until, live);
    const heldBack =
      noted.outcome === 'over' ? await heldBackBy(account, record, call, noted, now) : undefined;
    const without = session ? 'expired' : 'backing_off';
    const state = live ? 'due' : account.connection.signIn ? without : 'awaiting_approval';
    const decision = { do: 'rest', state, because, nextAt: noted.until } as const;
    const after = heldBack ? { ...record, heldBack } : record;
    return { may: 'not', tended: await outcomes.rest(account, held, after, decision) };
  };
}

const isProven = ({ proven }: AccountRecord, credentials: readonly string[]): boolean =>
  proven !== undefined && credentials.includes(proven);

/**
 * True where a person asked for a try by name, or has changed the credentials since they were refused or
 * held back: such a login need not prove itself first, once.
 */
function isAskedFor(record: AccountRecord, credentials: readonly string[]): boolean {
  const { request, refused, trouble, heldBack } = record;
  if (request?.rearm) return true;
  const isVerdict = trouble?.kind === 'needs-human' || trouble?.kind === 'refused';
  const isMended = isVerdict && refused.length > 0 && !isRefused(refused, credentials);
  return isMended || (heldBack !== undefined && !credentials.includes(heldBack.fingerprint));
}
