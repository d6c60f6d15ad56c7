import type { Grant } from '../core/broker.ts';
import { KEY_REFUSED_MS } from '../core/consequence.ts';
import {
  emptyAccount,
  type AccountFacts,
  type KeyWord,
  type NetworkFacts,
  type Picture,
  type Said,
} from './mirror.ts';

const DAY_MS = 24 * 60 * 60_000;

/**
 * What is still of use at `now` (ms): outcomes of the last day, and what ended less than a day ago. That
 * day is for a clock that was set ahead and comes back. Verdicts stay for ever.
 */
export function cut(picture: Picture, now: number): Picture {
  return {
    ...picture,
    accounts: filled(picture.accounts, (facts) => cutAccount(facts, now)),
    networks: filled(picture.networks, (facts) => cutNetwork(facts, now)),
  };
}

/** Undefined where nothing is left. */
export function cutAccount(facts: AccountFacts, now: number): AccountFacts | undefined {
  const since = now - DAY_MS;
  const { verdicts, seedsSpent, owner, asked, paused, quiet, session, held, over } = facts;
  const left: AccountFacts = {
    verdicts,
    unknownSignIns: facts.unknownSignIns.filter((at) => at > since),
    seedsSpent,
    ...(owner && { owner }),
    ...(asked && asked.value.until > since && { asked }),
    ...(paused && (paused.until ?? Infinity) > since && { paused }),
    ...(quiet && quiet.value.retryAt > since && { quiet }),
    ...(session && endOf(session.grant) > since && { session }),
    ...(held && endOf(held.grant) > since && { held }),
    // A mark stays a day longer than what it settles: by then that is gone from every file.
    over: {
      ...over,
      signIns: over.signIns > since - DAY_MS ? over.signIns : 0,
      held: over.held > since - DAY_MS ? over.held : 0,
    },
  };
  return isEmpty(left) ? undefined : left;
}

/** Undefined where nothing is left. */
export function cutNetwork(facts: NetworkFacts, now: number): NetworkFacts | undefined {
  const since = now - DAY_MS;
  const silence = facts.silence && facts.silence.until > since ? facts.silence : undefined;
  const failedSignIns = facts.failedSignIns.filter(({ at }) => at > since);
  const succeededAt = facts.succeededAt > since - DAY_MS ? facts.succeededAt : 0;
  const apiKey = facts.apiKey && wordAt(facts.apiKey) > since - KEY_REFUSED_MS ? facts.apiKey : undefined;
  if (!silence && !apiKey && failedSignIns.length === 0 && succeededAt === 0) return undefined;
  return { ...(silence && { silence }), ...(apiKey && { apiKey }), failedSignIns, succeededAt };
}

/** Since when a word on an API key holds, whenever it was learned. */
const wordAt = ({ value, saidAt }: Said<KeyWord>): number => (value === 'works' ? saidAt : value.at);

const isEmpty = (facts: AccountFacts): boolean => JSON.stringify(facts) === JSON.stringify(emptyAccount);

/** When the last token of a grant ends, ms. */
const endOf = (grant: Grant): number =>
  Math.max(grant.expiresAt, ...(grant.companions ?? []).map(({ expiresAt }) => expiresAt));

function filled<T>(
  entries: ReadonlyMap<string, T>,
  keep: (entry: T) => T | undefined,
): ReadonlyMap<string, T> {
  const kept = new Map<string, T>();
  for (const [key, entry] of entries) {
    const left = keep(entry);
    if (left !== undefined) kept.set(key, left);
  }
  return kept;
}
