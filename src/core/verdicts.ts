import { isBarred } from './consequence.ts';
import type { BrokerError } from './errors.ts';
import type { AccountRecord } from './session.ts';

/**
 * Which credentials a broker has refused, by their fingerprints. A refused login stands as it is, until one
 * works. What another call was told of the login (suspended, a revoked key) stands under a mark of its own: no
 * password goes out for it either, but it is over as soon as such a call works again, which says nothing of a
 * password that was refused.
 */
type Refused = readonly string[];

/** Fingerprints of the same credentials, one for each key of the ring, the sealing key's first. */
type Credentials = readonly string[];

const MARK = 'call:';
const marked = (fingerprint: string): string => `${MARK}${fingerprint}`;

/** What stands for verdicts of other calls than a login on these credentials. */
export const marksOf = (credentials: Credentials): Refused => credentials.map(marked);

/** True where no login may go out with these credentials by itself. */
export function isRefused(refused: Refused, credentials: Credentials): boolean {
  return [...credentials, ...marksOf(credentials)].some((each) => refused.includes(each));
}

/** What still stands once a login with these credentials has worked. */
export function afterSignIn(refused: Refused, credentials: Credentials): Refused {
  const over = [...credentials, ...marksOf(credentials)];
  return refused.filter((each) => !over.includes(each));
}

/** What still stands once another call has worked. */
export const afterCall = (refused: Refused): Refused => refused.filter((each) => !each.startsWith(MARK));

/** The same verdicts under the ring's first key, so that an older one can leave it. */
export function underFirstKey(refused: Refused, credentials: Credentials): Refused {
  const [first, ...older] = credentials;
  if (first === undefined) return refused;
  const missing = [marked, (fingerprint: string) => fingerprint].flatMap((as) =>
    !refused.includes(as(first)) && older.some((each) => refused.includes(as(each))) ? [as(first)] : [],
  );
  return missing.length > 0 ? [...refused, ...missing] : refused;
}

/** True for an answer to a call with a token after which only a person can get the next one. One that turns everybody away is none. */
export const isVerdict = (error: BrokerError): boolean =>
  error.kind === 'needs-human' && error.sent && !isBarred(error);

/**
 * The record of a login of which such an answer came: nothing more is got for it, as after a refused login. Its
 * token is served to its end.
 */
export function refusedByCall(
  record: AccountRecord,
  { code, kind, message }: BrokerError,
  fingerprint: string,
  now: number,
): AccountRecord {
  const { session, failures } = record;
  return {
    ...record,
    session: session && { ...session, renewalSpent: true },
    refused: [...new Set([...record.refused, marked(fingerprint)])],
    failures: Math.max(1, failures),
    trouble: { code, kind, message, at: now },
    retryAt: 0,
  };
}
