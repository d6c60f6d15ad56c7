import type { Silence } from '../core/consequence.ts';
import type { Pause } from '../core/pause.ts';
import type { Asked, Session, Trouble } from '../core/session.ts';
import { cutAccount, cutNetwork } from './cut.ts';
import type {
  AccountFacts,
  FailedSignIn,
  HeldAnswer,
  HeldFact,
  KeyWord,
  NetworkFacts,
  Quiet,
  Said,
} from './mirror.ts';

/** What is known of an account beside Redis. */
export interface MirroredAccount {
  /** Fingerprints of credentials that were refused and have not worked since. */
  readonly refused: readonly string[];
  /** What the broker said to them, where it is known. */
  readonly troubles: readonly { readonly fingerprint: string; readonly trouble: Trouble }[];
  /** Fingerprints of credentials that worked, and were not refused since. */
  readonly proven: readonly string[];
  /** The last day's, ms. */
  readonly unknownSignIns: readonly number[];
  readonly seedsSpent: readonly string[];
  readonly owner: string | undefined;
  readonly asked: Asked | undefined;
  /** It may be over. */
  readonly paused: Pause | undefined;
  /** A wait that the broker asked of it; it may be over. */
  readonly quiet: Quiet | undefined;
  /** Its token may have ended, and its login may be another by now. */
  readonly session: Session | undefined;
  readonly held: HeldAnswer | undefined;
}

/** What is known of a network beside Redis. */
export interface MirroredNetwork {
  /** Dated by Redis' clock. */
  readonly silence: Silence | undefined;
  /** The latest word on the API key. */
  readonly apiKey: Said<KeyWord> | undefined;
  /** The last day's; of those that nobody answered, only what came after the last success. */
  readonly failedSignIns: readonly FailedSignIn[];
}

/** An answer that is not stored yet, and whose it is. */
export interface HeldGrant extends HeldAnswer {
  readonly account: string;
}

/** What counts of the facts at `now` (ms); undefined where nothing does. */
export function recallAccount(facts: AccountFacts | undefined, now: number): MirroredAccount | undefined {
  const left = facts && cutAccount(facts, now);
  if (!left) return undefined;
  const recalled = {
    refused: left.verdicts.filter(({ refused }) => refused).map(({ fingerprint }) => fingerprint),
    troubles: left.verdicts.flatMap(({ fingerprint, trouble }) =>
      trouble ? [{ fingerprint, trouble }] : [],
    ),
    proven: left.verdicts.filter(({ refused }) => !refused).map(({ fingerprint }) => fingerprint),
    unknownSignIns: left.unknownSignIns,
    seedsSpent: left.seedsSpent.map(({ value }) => value),
    owner: left.owner?.value,
    asked: left.asked?.value,
    paused: left.paused,
    quiet: left.quiet?.value,
    session: left.session,
    held: left.held && answerOf(left.held),
  };
  const { refused, troubles, proven, unknownSignIns, seedsSpent, ...single } = recalled;
  const lists = [refused, troubles, proven, unknownSignIns, seedsSpent];
  const isEmpty = lists.every(({ length }) => length === 0);
  return isEmpty && Object.values(single).every((each) => each === undefined) ? undefined : recalled;
}

/** The same for a network. */
export function recallNetwork(facts: NetworkFacts | undefined, now: number): MirroredNetwork | undefined {
  const left = facts && cutNetwork(facts, now);
  return left && { silence: left.silence, apiKey: left.apiKey, failedSignIns: left.failedSignIns };
}

/** The stamp is the mirror's own matter. */
const answerOf = ({ saidAt: _, ...answer }: HeldFact): HeldAnswer => answer;

/** The answers that wait for Redis. */
export function heldAmong(accounts: ReadonlyMap<string, AccountFacts>): readonly HeldGrant[] {
  return [...accounts].flatMap(([account, { held }]) => (held ? [{ account, ...answerOf(held) }] : []));
}
