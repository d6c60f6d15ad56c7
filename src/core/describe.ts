import { z } from 'zod';
import { momentAfter } from './day.ts';
import { pauseAt, type Pause } from './pause.ts';
import { duration } from './duration.ts';
import { vainRenewals } from './lack.ts';
import { refusedEarlier } from './refused-words.ts';
import { silenceWords, type Quiet } from './silence-words.ts';
import { states, type State } from './state.ts';
import type { AccountStatus } from './status.ts';

/** What is stored about one account, as far as operators may see it. */
export interface StatusFacts {
  readonly name: string;
  readonly username: string;
  readonly broker: string;
  readonly environment: string;
  readonly enabled: boolean;
  /** Somebody else serves it. */
  readonly observed?: boolean | undefined;
  readonly subAccounts: readonly string[];
  readonly person: boolean;
  /** Its broker asks its person, where it is told to. */
  readonly asks?: boolean | undefined;
  readonly generation: number | undefined;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly renewAt: number | undefined;
  /** When the broker last said that it honours the token, ms. */
  readonly provenAt: number | undefined;
  /** How often it is proved, ms; undefined: once. */
  readonly proveEveryMs?: number | undefined;
  readonly failures: number;
  /** No try before this instant, ms. */
  readonly retryAt: number | undefined;
  /** The stored trouble, JSON. */
  readonly trouble: string | undefined;
  /** Why a limit holds it back, JSON. */
  readonly heldBack: string | undefined;
  /** Tokens in a row before this one that could not be renewed. */
  readonly unrenewed?: number | undefined;
  /** A person's last word on whether it rests, JSON. */
  readonly paused?: string | undefined;
  /** A call for this account is on its way. */
  readonly underWay: boolean;
  readonly tokenType: string | undefined;
  readonly scope: string | undefined;
  readonly state: string | undefined;
  readonly reason: string | undefined;
  readonly since: string | undefined;
  readonly dueAt: number | undefined;
  /** What its broker asked of this network, and has not ended; undefined too where that was not looked up. */
  readonly silence?: Quiet | undefined;
}

const troubleSchema = z.object({ code: z.string(), kind: z.string(), message: z.string(), at: z.number() });
/** So many times the pace of proofs may pass without one. */
const LATE_PROOFS = 2;
const heldBackSchema = z.object({ until: z.number(), message: z.string() });
const DOWN = 'The broker does not answer; one call at a time shows whether it is back.';
const stateSchema = z.enum(states);
const pausedSchema = z.object({
  at: z.number(),
  until: z.number().exactOptional(),
  signOut: z.boolean().exactOptional(),
});

/** What the state of an account hangs on. */
export type StateFacts = Pick<
  StatusFacts,
  'enabled' | 'observed' | 'underWay' | 'state' | 'expiresAt' | 'renewAt' | 'person'
>;

/** The state at `now`: what was stored last, moved on by the clock. */
export function stateAt(facts: StateFacts, now: number): State {
  if (!facts.enabled) return 'disabled';
  if (facts.underWay) return 'refreshing';
  const stored = stateSchema.safeParse(facts.state).data ?? 'due';
  const wasLive = stored === 'fresh' || stored === 'due';
  if (wasLive && facts.expiresAt !== undefined && now >= facts.expiresAt)
    return facts.person ? 'awaiting_approval' : 'expired';
  const isOurs = !facts.person && facts.observed !== true;
  if (stored === 'fresh' && facts.renewAt !== undefined && now >= facts.renewAt && isOurs) return 'due';
  return stored;
}

/** One account in the words of the contract. Pure. */
export function describe(facts: StatusFacts, now: number): AccountStatus {
  const state = stateAt(facts, now);
  const left = Math.max(0, (facts.expiresAt ?? 0) - now);
  const valid = left > 0;
  const trouble = readTrouble(facts.trouble);
  // A stopped account is looked at, but nothing is tried; one whose call is under way has the claim's horizon there.
  const idle = ['disabled', 'paused', 'stopped', 'refreshing'].includes(state);
  const refused = refusedUntil(facts, now);
  const next = idle ? undefined : facts.person ? personsNext(facts, valid) : ownNext(facts, state, refused);
  const wait = waitOf(facts, now);
  const down = facts.reason === 'broker_down' ? DOWN : undefined;
  const said = pauseWords(facts, now) ?? wait ?? trouble?.message ?? down;
  const detail = detailOf(facts, state, { said, wait: wait ?? down });
  return {
    valid,
    time_remaining_seconds: Math.floor(left / 1000),
    time_remaining_hours: Math.round(left / 36_000) / 100,
    expiry_time: iso(facts.expiresAt),
    needs_refresh: !valid || (facts.renewAt !== undefined && now >= facts.renewAt),
    message: sentence(state, left, detail),
    detail: detail ?? null,
    api_validated: validated(facts, trouble?.code, now),
    name: facts.name,
    username: facts.username,
    broker: facts.broker,
    environment: facts.environment,
    state,
    generation: facts.generation ?? null,
    token_type: facts.tokenType || null,
    scope: facts.scope || null,
    issued_at: iso(facts.issuedAt),
    last_refresh: iso(facts.issuedAt),
    next_refresh: iso(next),
    reason: facts.reason || null,
    last_error: trouble
      ? { code: trouble.code, message: trouble.message, at: new Date(trouble.at).toISOString() }
      : null,
    attempts: facts.failures,
    sub_accounts: facts.subAccounts,
    person_needed: facts.person,
    can_be_asked: facts.asks === true,
    no_refresh_before: iso(refused),
  };
}

/** The pause that holds at `now`, if one does. */
export const pauseOf = (facts: Pick<StatusFacts, 'paused'>, now: number): Pause | undefined =>
  pauseAt({ paused: parsed(facts.paused, pausedSchema) }, now);

function pauseWords(facts: StatusFacts, now: number): string | undefined {
  const pause = pauseOf(facts, now);
  if (!pause) return undefined;
  const how = pause.signOut ? 'Logged out and paused by a person' : 'Paused by a person';
  return pause.until === undefined
    ? `${how}; "token-refresher resume ${facts.name}" puts it back into service.`
    : `${how} until ${momentAfter(pause.until)}.`;
}

/** What the last proof said of the present token; null where none was made. */
function validated(facts: StatusFacts, code: string | undefined, now: number): boolean | null {
  if (code === 'died_early' || code === 'dead_on_arrival') return false;
  const { provenAt = 0, proveEveryMs } = facts;
  return provenAt > 0 && !isProofLate(provenAt, proveEveryMs, now) ? true : null;
}

/** A proof that was made too long ago says nothing of the token any more: the ones after it have failed. */
export function isProofLate(provenAt: number, proveEveryMs: number | undefined, now: number): boolean {
  return proveEveryMs !== undefined && now - provenAt > LATE_PROOFS * proveEveryMs;
}

/**
 * When a person is asked for the next token, as far as that is known: a look that proves the present one, or waits
 * for an answer, is no refresh.
 */
function personsNext({ expiresAt, reason, dueAt }: StatusFacts, isLive: boolean): number | undefined {
  if (isLive) return expiresAt;
  return reason === 'asked_later' || reason === 'approval_lapsed' ? dueAt : undefined;
}

/** When the service gets the next token itself: a look before that only proves the present one, or sees to its end. */
function ownNext({ dueAt, renewAt = 0 }: StatusFacts, state: State, refusedUntil = 0): number | undefined {
  return dueAt === undefined ? undefined : Math.max(dueAt, refusedUntil, state === 'fresh' ? renewAt : 0);
}

/** Until when the broker wants no call for this account (ms), or undefined. */
export function throttledUntil(facts: StatusFacts, now: number): number | undefined {
  const isThrottled = readTrouble(facts.trouble)?.kind === 'throttled';
  return isThrottled && facts.retryAt !== undefined && facts.retryAt > now ? facts.retryAt : undefined;
}

/** What holds an account back that is no failure of its own. */
const waitOf = (facts: StatusFacts, now: number): string | undefined =>
  facts.reason === 'broker_silence' ? silenceWords(facts.silence) : heldBackOf(facts, now)?.message;

/** A refresh that is asked for before then (ms) is refused; undefined where none is. */
function refusedUntil(facts: StatusFacts, now: number): number | undefined {
  if (facts.person || !facts.enabled) return undefined;
  const ends = [facts.silence?.until, heldBackOf(facts, now)?.until, throttledUntil(facts, now)];
  const latest = Math.max(...ends.map((end = 0) => end));
  return latest > now ? latest : undefined;
}

/** The limit that leaves this account no room now, and until when (ms). */
export function heldBackOf(facts: StatusFacts, now: number): { until: number; message: string } | undefined {
  if (facts.reason !== 'budget_spent' || facts.heldBack === undefined) return undefined;
  const heldBack = parsed(facts.heldBack, heldBackSchema);
  return heldBack && heldBack.until > now ? heldBack : undefined;
}

/** The message: how long the token is good, and what there is to say besides. */
function sentence(state: State, leftMs: number, detail: string | undefined): string {
  if (state === 'disabled') return detail ?? '';
  const token = leftMs > 0 ? `The token is good for another ${duration(leftMs)}.` : 'There is no live token.';
  if (detail === undefined) return token;
  const lead = state === 'fresh' ? 'But ' : state === 'stopped' ? 'Stopped: ' : '';
  return `${token} ${lead}${detail}`;
}

function detailOf(
  { name, unrenewed, observed, issuedAt = 0, expiresAt = 0 }: StatusFacts,
  state: State,
  { said, wait }: { readonly said: string | undefined; readonly wait: string | undefined },
): string | undefined {
  if (observed) return said ?? 'it is only observed: somebody else keeps it.';
  switch (state) {
    case 'fresh':
      return vainRenewals(unrenewed, expiresAt - issuedAt)?.message;
    case 'due':
      // What went wrong before it is over: only what holds it back now is said.
      return wait ?? 'A refresh is due.';
    case 'refreshing':
      return 'A refresh is under way.';
    case 'backing_off':
    case 'expired':
      return said ?? 'The next try is scheduled.';
    case 'awaiting_approval':
      return `A person must log in at the broker: by the link of the alert, or now by "token-refresher login ${name}".`;
    case 'stopped':
      return said ?? refusedEarlier(name);
    case 'paused':
      return said ?? 'Paused by a person.';
    case 'disabled':
      return 'Disabled in the credentials file.';
  }
}

const readTrouble = (text: string | undefined): z.output<typeof troubleSchema> | undefined =>
  parsed(text, troubleSchema);

function parsed<S extends z.ZodType>(text: string | undefined, schema: S): z.output<S> | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const iso = (at: number | undefined): string | null =>
  at === undefined || at <= 0 ? null : new Date(at).toISOString();
