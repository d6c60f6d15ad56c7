import type { Account } from '../core/account.ts';
import type { Arrival, Call, Grant } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import type { Source } from '../core/session.ts';
import { within } from './deadline.ts';
import { discover, type Listing } from './listings.ts';

/** One call that yields a grant. */
export type Step =
  | { readonly kind: 'sign-in'; readonly source: Source; readonly seed?: undefined }
  | { readonly kind: 'renewal'; readonly source: Source; readonly from: Grant; readonly seed?: Grant }
  | {
      readonly kind: 'consent';
      readonly source: Source;
      readonly arrival: Arrival;
      readonly seed?: undefined;
    };

/** `outstanding`: the broker did not say, and why; the grant waits for its proof. */
export type ProofOfGrant = 'alive' | 'not-asked' | { readonly outstanding: BrokerError };

export interface Obtained {
  readonly grant: Grant;
  readonly proof: ProofOfGrant;
  /** Where the broker was asked for the login's sub-accounts. */
  readonly listing?: Listing;
}

/**
 * Makes the step's call, then proves the grant where the account asks for it and lists the sub-accounts.
 * Throws BrokerError only. `reachFirst`: the broker seemed down, so that a harmless call goes before a password, and
 * before a refresh token that is good for one call; `reached`: told when that one has gone out, and whether it was answered,
 * whatever becomes of the step.
 */
export async function obtain(
  account: Account,
  step: Step,
  call: Call,
  clock: Clock,
  how: {
    readonly reachFirst: boolean;
    readonly reached: Reached;
    readonly discover: boolean;
    readonly timeoutMs: number;
  },
): Promise<Obtained> {
  if (how.reachFirst && step.kind !== 'consent') await reach(account, call, clock, how);
  const grant = await request(account, step, call);
  if (grant.expiresAt <= clock.now()) {
    throw new BrokerError('The broker handed out a token that has expired already.', {
      kind: step.kind === 'renewal' ? 'refused' : 'outcome-unknown',
      code: 'expired_on_arrival',
      status: 200,
    });
  }
  const proof = account.verify ? await prove(account, grant, step.source, call) : 'not-asked';
  const listing =
    how.discover && typeof proof !== 'object' ? await discover(account, grant, call) : undefined;
  return { grant, proof, ...(listing && { listing }) };
}

/** What the proof of a new grant says. Throws where it may never be published. */
export async function prove(
  account: Account,
  grant: Grant,
  source: Source,
  call: Call,
): Promise<ProofOfGrant> {
  const { probe } = account.connection;
  if (!probe) return 'not-asked';
  const proof = await probe(grant, call).catch((error: unknown) => {
    // What stands in the way of the proof says nothing about the token; it cannot be had again.
    if (error instanceof BrokerError) return { outstanding: error };
    throw error;
  });
  if (proof === 'alive' || typeof proof === 'object') return proof;
  throw proof === 'dead'
    ? deadOnArrival(source)
    : new BrokerError('The token belongs to another user than this account; it was not stored.', {
        kind: 'refused',
        code: 'someone_else',
        status: 200,
      });
}

export function deadOnArrival(source: Source): BrokerError {
  return new BrokerError('The broker refuses the token it has just handed out.', {
    // The password was right, so that no verdict falls on it: another login may have ended this one.
    kind: source === 'sign-in' ? 'outcome-unknown' : 'refused',
    code: 'dead_on_arrival',
    status: 200,
  });
}

/** Told that a harmless call has gone out, and whether the broker answered as itself. */
export type Reached = (answered: boolean) => void;

/** The share of a call's time that is left for the step after a harmless call; with less it is not begun. */
const LEFT = 2 / 3;
/** A harmless call ends a little before the whole would be called off, so that nothing else counts as sent. */
const REACH = 5 / 6;

/** An answer that comes late is one as well: it shows that the broker is there, and the step has all its time at the next look. */
async function reach(
  account: Account,
  call: Call,
  clock: Clock,
  { timeoutMs, reached }: { readonly timeoutMs: number; readonly reached: Reached },
): Promise<void> {
  const { connection } = account;
  if (!connection.reach) return;
  const startedAt = clock.now();
  try {
    await within(clock, REACH * timeoutMs, [call.signal], async (signal) => connection.reach?.({ signal }));
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    if (error.sent) reached(false);
    throw new BrokerError(`The broker does not answer yet, nothing else was sent: ${error.message}`, {
      kind: error.kind === 'throttled' ? 'throttled' : 'transient',
      code: error.kind === 'throttled' ? error.code : 'broker_down',
      scope: error.kind === 'throttled' ? error.scope : 'broker',
      sent: false,
      ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
      // The step that would have brought it was not sent.
      ...(call.carry && { carry: call.carry }),
    });
  }
  reached(true);
  if (clock.now() - startedAt <= (1 - LEFT) * timeoutMs) return;
  throw new BrokerError(
    'The broker answers again, but slowly: nothing else was sent, and it is tried again.',
    {
      kind: 'transient',
      code: 'held_up',
      sent: false,
      ...(call.carry && { carry: call.carry }),
    },
  );
}

function request(account: Account, step: Step, call: Call): Promise<Grant> {
  const { signIn, renew, consent } = account.connection;
  if (step.kind === 'sign-in' && signIn) return signIn(call);
  if (step.kind === 'renewal' && renew) return renew(step.from, call);
  if (step.kind === 'consent' && consent) return consent.receive(step.arrival, call);
  return Promise.reject(
    new BrokerError(`This broker has no ${step.kind}.`, {
      kind: 'needs-human',
      code: 'no_such_way',
      sent: false,
    }),
  );
}
