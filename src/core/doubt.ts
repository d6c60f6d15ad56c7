import type { BrokerError } from './errors.ts';
import type { AccountRecord } from './session.ts';

/** The code of a doubt, for people: it stands in the record until a proof says more. */
const DOUBTED = 'token_doubted';
/** How soon a token that is in doubt is asked about again, ms. */
const DOUBT_WAIT_MS = 10_000;

/** True where this is the second doubt, and nothing but silence came between the two. */
export const isDoubtedTwice = ({ trouble }: AccountRecord, error: BrokerError): boolean =>
  error.doubtsSession && trouble?.code === DOUBTED;

/**
 * What it changes that the broker refused a token without saying so in its own words. A token that only a person
 * replaces is not given up for one odd answer: it stays served, and is asked about again.
 */
export function afterDoubt(before: AccountRecord, error: BrokerError, now: number): AccountRecord {
  return {
    ...before,
    attempt: undefined,
    trouble: { code: DOUBTED, kind: 'transient', message: error.message, at: now },
    proofDueAt: now + DOUBT_WAIT_MS,
  };
}
