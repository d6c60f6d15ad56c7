import { originOf, type Session } from '../core/session.ts';
import {
  heldAt,
  type AccountFacts,
  type NetworkFacts,
  type Over,
  type Picture,
  type Said,
} from './mirror.ts';
import { highest, union } from './ranks.ts';

/*
 * Pictures are merged in any order and any number of times with the same end: what one process wrote is
 * never lost to what another writes, and a file may be read twice, or late. So nothing is taken back by
 * leaving it out: the later of two words on one matter counts, and the marks in `over` say up to where
 * the rest counts no longer.
 */

/** Of an account's unknown outcomes the newest tell all: past a few its sign-ins are paced. */
const UNKNOWN_MOST = 20;
/** Fingerprints of one account that are remembered; a password has one under each key of the ring. */
const FINGERPRINTS_MOST = 50;
/** No broker lets a network fail this often; a long outage must not make the file grow. */
const FAILED_MOST = 200;

/** The facts of both. */
export function merge(one: Picture, other: Picture): Picture {
  return {
    stampedAt: Math.max(one.stampedAt, other.stampedAt),
    generation: Math.max(one.generation, other.generation),
    reserved: Math.max(one.reserved, other.reserved),
    accounts: mergeMaps(one.accounts, other.accounts, mergeAccounts),
    networks: mergeMaps(one.networks, other.networks, mergeNetworks),
  };
}

export function mergeAccounts(one: AccountFacts, other: AccountFacts): AccountFacts {
  const over = mergeOver(one.over, other.over);
  const stands = ({ saidAt }: { readonly saidAt: number }): boolean => saidAt > over.said;
  const owner = later(one.owner, other.owner);
  const asked = later(one.asked, other.asked);
  const paused = highest(one.paused, other.paused, ({ at }) => at);
  // A shorter wait never cuts a longer one off.
  const quiet = highest(one.quiet, other.quiet, ({ value }) => value.retryAt);
  const session = newest(one.session, other.session);
  const held = highest(one.held, other.held, heldAt);
  return {
    verdicts: union(
      [...one.verdicts, ...other.verdicts].filter(stands),
      (verdict) => verdict.fingerprint,
      // Said at one instant, the refusal counts: better a person too many than a locked login.
      (verdict) => [verdict.saidAt, verdict.refused ? 1 : 0, verdict.trouble?.message ?? ''],
      FINGERPRINTS_MOST,
    ),
    unknownSignIns: union(
      [...one.unknownSignIns, ...other.unknownSignIns].filter((at) => at > over.signIns),
      String,
      (at) => [at],
      UNKNOWN_MOST,
    ),
    seedsSpent: union(
      [...one.seedsSpent, ...other.seedsSpent].filter(stands),
      (seed) => seed.value,
      (seed) => [seed.saidAt],
      FINGERPRINTS_MOST,
    ),
    ...(owner && stands(owner) && { owner }),
    ...(asked && stands(asked) && { asked }),
    ...(paused && paused.at > over.said && { paused }),
    ...(quiet && stands(quiet) && { quiet }),
    ...(session && originOf(session) > over.session && { session }),
    ...(held && heldAt(held) > Math.max(over.held, over.said) && { held }),
    over,
  };
}

export function mergeNetworks(one: NetworkFacts, other: NetworkFacts): NetworkFacts {
  // A shorter silence never cuts a longer one off.
  const silence = highest(one.silence, other.silence, (each) => each.until);
  const apiKey = later(one.apiKey, other.apiKey);
  const succeededAt = Math.max(one.succeededAt, other.succeededAt);
  const failures = [...one.failedSignIns, ...other.failedSignIns];
  return {
    ...(silence && { silence }),
    ...(apiKey && { apiKey }),
    failedSignIns: union(
      failures.filter(({ as, at }) => as === 'refused' || at > succeededAt),
      (failure) => failure.member,
      // Told as refused and as unanswered, it was refused.
      (failure) => [failure.as === 'refused' ? 1 : 0, failure.at],
      FAILED_MOST,
    ),
    succeededAt,
  };
}

function mergeOver(one: Over, other: Over): Over {
  return {
    signIns: Math.max(one.signIns, other.signIns),
    session: Math.max(one.session, other.session),
    held: Math.max(one.held, other.held),
    said: Math.max(one.said, other.said),
  };
}

/** Of one that was published twice the worse counts: it was spent, or found to have ended early. */
function newest(one: Session | undefined, other: Session | undefined): Session | undefined {
  if (!one || !other || originOf(one) !== originOf(other)) return highest(one, other, originOf);
  const session = highest(one, other, ({ generation }) => generation);
  if (!session) return session;
  const expiresAt = Math.min(one.grant.expiresAt, other.grant.expiresAt);
  return {
    ...session,
    grant: { ...session.grant, expiresAt },
    renewalSpent: one.renewalSpent || other.renewalSpent,
    ...((one.withdrawn || other.withdrawn) && { withdrawn: true }),
  };
}

const later = <T>(one: Said<T> | undefined, other: Said<T> | undefined): Said<T> | undefined =>
  highest(one, other, ({ saidAt }) => saidAt);

function mergeMaps<T>(
  one: ReadonlyMap<string, T>,
  other: ReadonlyMap<string, T>,
  mergeEntries: (one: T, other: T) => T,
): ReadonlyMap<string, T> {
  const merged = new Map(one);
  for (const [key, entry] of other) {
    const there = merged.get(key);
    merged.set(key, there === undefined ? entry : mergeEntries(there, entry));
  }
  return merged;
}
