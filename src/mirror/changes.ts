import type { Silence } from '../core/consequence.ts';
import type { Pause } from '../core/pause.ts';
import { originOf, type Asked, type Session, type Trouble } from '../core/session.ts';
import { mergeAccounts, mergeNetworks } from './merge.ts';
import {
  emptyAccount,
  emptyNetwork,
  heldAt,
  type AccountFacts,
  type FailedSignIn,
  type HeldAnswer,
  type HeldFact,
  type KeyWord,
  type NetworkFacts,
  type Over,
  type Quiet,
  type Verdict,
} from './mirror.ts';

/** What became known of an account. What is left out stays as it is: nothing is taken back by silence. */
export interface AccountChange {
  readonly account: string;
  /** Fingerprints of credentials that were refused. */
  readonly refused?: readonly string[];
  /** What the broker said to the latest of them. */
  readonly trouble?: Trouble | undefined;
  /** Credentials that worked at this instant (ms): their refusals are over, and sign-ins of unknown outcome before it. */
  readonly worked?: { readonly fingerprints: readonly string[]; readonly at: number };
  /** Credentials that worked some time: a refusal that is known of them counts more. */
  readonly proven?: readonly string[];
  /** Instants, ms. */
  readonly unknownSignIns?: readonly number[];
  /** Fingerprint of a seed grant that was used. */
  readonly seedSpent?: string | undefined;
  readonly owner?: string | undefined;
  readonly asked?: Asked | undefined;
  /** A person's last word on whether it rests. */
  readonly paused?: Pause | undefined;
  /** A wait that the broker asked of this account. */
  readonly quiet?: Quiet;
  /** A session that only a person could get again. */
  readonly session?: Session | undefined;
  /** Sessions up to this one, by `originOf`, are ended for good. */
  readonly endedUpTo?: number;
  /** An answer that Redis could not take. */
  readonly held?: HeldAnswer | undefined;
  /** Answers to attempts that began until then (ms) are stored, or came too late. */
  readonly releasedUpTo?: number;
  /** True: a person asked for the account to be forgotten. */
  readonly forgotten?: boolean;
}

/** What became known of a network. */
export interface NetworkChange {
  readonly network: string;
  /** Dated by Redis' clock. */
  readonly silence?: Silence | undefined;
  readonly apiKey?: KeyWord;
  readonly failed?: FailedSignIn | undefined;
  /** When a sign-in was answered with a session, ms. */
  readonly succeededAt?: number;
}

/** A generation that was given out. */
export interface GenerationChange {
  readonly generation: number;
}

export type Change = AccountChange | NetworkChange | GenerationChange;

/** The facts after a change that was made at the stamp `saidAt`; the same object where it changes nothing. */
export function changeAccount(before: AccountFacts, change: AccountChange, saidAt: number): AccountFacts {
  const said = <T>(value: T): { readonly value: T; readonly saidAt: number } => ({ value, saidAt });
  const {
    refused = [],
    trouble,
    worked,
    proven = [],
    seedSpent,
    owner,
    asked,
    paused,
    quiet,
    session,
    held,
  } = change;
  const verdictOn = (fingerprint: string): Verdict | undefined =>
    before.verdicts.find((verdict) => verdict.fingerprint === fingerprint);
  const works = [
    ...(worked?.fingerprints ?? []).filter((fingerprint) => verdictOn(fingerprint)?.refused !== false),
    ...proven.filter((fingerprint) => verdictOn(fingerprint) === undefined),
  ];
  const isSpent = before.seedsSpent.some((seed) => seed.value === seedSpent);
  const after = mergeAccounts(before, {
    verdicts: [
      ...refused
        .filter((fingerprint) => verdictOn(fingerprint)?.refused !== true)
        .map((fingerprint) => ({ fingerprint, refused: true, saidAt, ...(trouble && { trouble }) })),
      ...works.map((fingerprint) => ({ fingerprint, refused: false, saidAt })),
    ],
    unknownSignIns: change.unknownSignIns ?? [],
    seedsSpent: seedSpent === undefined || isSpent ? [] : [said(seedSpent)],
    ...(owner !== undefined && owner !== before.owner?.value && { owner: said(owner) }),
    ...(asked && !isSame(asked, before.asked?.value) && { asked: said(asked) }),
    ...(paused && { paused }),
    ...(quiet && quiet.retryAt > (before.quiet?.value.retryAt ?? 0) && { quiet: said(quiet) }),
    ...(session && { session }),
    ...(held && { held: { ...held, saidAt } }),
    over: overAfter(before, change, saidAt),
  });
  return isSame(after, before) ? before : after;
}

/** Marks are set no further than what is known: one that settles nothing is not worth a write. */
function overAfter(before: AccountFacts, change: AccountChange, saidAt: number): Over {
  const { worked, endedUpTo = 0, releasedUpTo = 0, forgotten = false } = change;
  const { unknownSignIns, session, held, over } = before;
  const isOver = (at: number, upTo: number): boolean => forgotten || at <= upTo;
  const isKnown = !isSame({ ...before, over: emptyAccount.over }, emptyAccount);
  return {
    signIns: Math.max(over.signIns, ...unknownSignIns.filter((at) => isOver(at, worked?.at ?? 0))),
    session: session && isOver(originOf(session), endedUpTo) ? originOf(session) : over.session,
    held: held && (forgotten || isReleased(held, releasedUpTo, saidAt)) ? heldAt(held) : over.held,
    said: forgotten && isKnown ? saidAt : over.said,
  };
}

/** Of one that was held only after the word came it says nothing, whatever the clock did in between. */
const isReleased = (held: HeldFact, upTo: number, saidAt: number): boolean =>
  held.startedAt === upTo || (held.startedAt <= upTo && heldAt(held) < saidAt);

/** The same for a network. */
export function changeNetwork(before: NetworkFacts, change: NetworkChange, saidAt: number): NetworkFacts {
  const { silence, apiKey, failed, succeededAt = 0 } = change;
  // No further than what it settles: dated by a clock that is ahead, it would settle what is still to come.
  const settled = before.failedSignIns.filter(({ as, at }) => as === 'unknown' && at <= succeededAt);
  const known = before.apiKey?.value;
  // That a key works is worth a word where it was refused.
  const isNews = apiKey === 'works' ? known !== undefined && known !== 'works' : !isSame(apiKey, known);
  const after = mergeNetworks(before, {
    ...emptyNetwork,
    ...(silence && { silence }),
    ...(apiKey && isNews && { apiKey: { value: apiKey, saidAt } }),
    failedSignIns: failed ? [failed] : [],
    succeededAt: Math.max(0, ...settled.map(({ at }) => at)),
  });
  return isSame(after, before) ? before : after;
}

/** Facts have one order: equal ones are equal text. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
