import { momentAfter } from './day.ts';
import { heldUpBy } from './held-back.ts';
import type { LastDay } from './last-day.ts';
import type { AccountStatus } from './status.ts';
import type { DayOfUse } from './uses.ts';
import type { PlannedCall } from './walk.ts';

/** One decision about an account as it was written down with what came of it; the same one again only counts. */
export interface MadeDecision {
  /** `published`, `rested`, `failed`, `went_on` (another way was tried at once), `withdrawn`, or the event that went out. */
  readonly did: string;
  readonly state: string;
  readonly reason: string;
  readonly message?: string | undefined;
  readonly nextAt?: number | undefined;
  /** When it was made first and last, ms, and how often in a row. */
  readonly at: number;
  readonly last: number;
  readonly times: number;
}

/** Who tried to sign in and was refused. */
export const NOBODY = 'nobody';

/** What a person did. */
export interface Act {
  /** ISO 8601. */
  readonly at: string;
  /** `token` or `cookie` over HTTP, `link` by the start's sign-in link, `ticket` by a link of an alert, NOBODY, `command USER@HOST`. */
  readonly who: string;
  readonly what: string;
  /** Empty where it was about no account in particular, ALL_ACCOUNTS where about all. */
  readonly account: string;
  /** An address, or a host. */
  readonly from: string;
  readonly outcome: string;
}

/** What stands for an account in an act that was of all. */
export const ALL_ACCOUNTS = '*';

/** What was done, to be read beside others of one account. */
export const actWords = ({ what, account }: Act): string =>
  account === ALL_ACCOUNTS ? `${what} of all` : what;

/** Everything there is to say of one account: `GET /api/accounts/:name/explain`. */
export interface Explanation extends Pick<
  AccountStatus,
  | 'name'
  | 'broker'
  | 'environment'
  | 'state'
  | 'reason'
  | 'message'
  | 'valid'
  | 'expiry_time'
  | 'generation'
  | 'attempts'
  | 'last_error'
> {
  /** Since when the state is this one, for this reason. */
  readonly since: string | null;
  /** Newest first. */
  readonly decisions: readonly {
    readonly did: string;
    readonly state: string;
    readonly reason: string | null;
    readonly message: string | null;
    readonly first_at: string;
    readonly last_at: string;
    readonly times: number;
    readonly next_at: string | null;
  }[];
  readonly last_day: LastDay;
  /** What it was used for, by UTC day of the last month, newest first. */
  readonly usage: readonly DayOfUse[];
  readonly next: { readonly action: NextAction; readonly at: string | null; readonly why: string };
  /** What a person can do, the most useful first. */
  readonly person: readonly { readonly what: string; readonly command: string | null }[];
  /** What persons did to it last, newest first. */
  readonly acts: readonly Act[];
}

/** `resume`: its pause ends. `ask`: its person is asked. `person`: only a person's login goes on. */
export const nextActions = ['renewal', 'sign-in', 'refresh', 'resume', 'ask', 'person', 'none'] as const;
export type NextAction = (typeof nextActions)[number];

export interface Explained {
  readonly status: AccountStatus;
  /** Why its broker asked this network for silence, in full; undefined where it did not, or nobody knows. */
  readonly silence?: string | undefined;
  readonly since: string | null;
  /** When its pause ends by itself, ISO 8601. */
  readonly pausedUntil: string | null;
  /** What brings its tokens; undefined where an older version entered it. */
  readonly by: PlannedCall | undefined;
  readonly decisions: readonly MadeDecision[];
  readonly lastDay: LastDay;
  readonly usage: readonly DayOfUse[];
  readonly acts: readonly Act[];
}

/** Says of an account what holds, why, and what is next. Pure. */
export function explain(known: Explained): Explanation {
  const { status, decisions } = known;
  const { name, broker, environment, state, reason, message, valid, expiry_time } = status;
  return {
    name,
    broker,
    environment,
    state,
    reason,
    message,
    valid,
    expiry_time,
    generation: status.generation,
    attempts: status.attempts,
    last_error: status.last_error,
    since: known.since,
    decisions: decisions.map((each) => ({
      did: each.did,
      state: each.state,
      reason: each.reason || null,
      message: each.message ?? null,
      first_at: iso(each.at),
      last_at: iso(each.last),
      times: each.times,
      next_at: each.nextAt === undefined || each.nextAt <= 0 ? null : iso(each.nextAt),
    })),
    last_day: known.lastDay,
    usage: known.usage,
    next: nextOf(known),
    person: waysOf(status),
    acts: known.acts,
  };
}

function nextOf({ status, by, pausedUntil, silence }: Explained): Explanation['next'] {
  const { state, reason, valid, next_refresh: at, expiry_time } = status;
  switch (state) {
    case 'disabled':
      return { action: 'none', at: null, why: 'It is disabled in the credentials file.' };
    case 'paused':
      return pausedUntil === null
        ? { action: 'none', at: null, why: 'A person has it rest until somebody resumes it.' }
        : { action: 'resume', at: pausedUntil, why: 'Its pause ends by itself then.' };
    case 'stopped':
      return { action: 'none', at: null, why: 'Nothing is sent until a person has mended what is wrong.' };
    case 'awaiting_approval':
      return reason === 'asked_later' || reason === 'approval_lapsed'
        ? { action: 'ask', at, why: 'Its person is asked then; they may log in at any hour.' }
        : { action: 'person', at: null, why: 'It waits for its person to log in.' };
    case 'refreshing':
      return { action: by ?? 'refresh', at: null, why: 'It is under way.' };
    default:
      break;
  }
  if (by === 'person') {
    return {
      action: 'person',
      at: expiry_time,
      why: 'Its token ends then, and only a person gets the next one.',
    };
  }
  const action = by === 'renewal' && !valid ? 'sign-in' : (by ?? 'refresh');
  const isPutOff = state === 'fresh' && silence !== undefined && at === status.no_refresh_before;
  const held = heldUpBy(isPutOff ? 'broker_silence' : reason);
  if (held !== undefined) {
    const cause = isPutOff || reason === 'broker_silence' ? silence : undefined;
    return { action, at, why: cause === undefined ? held : `${held} ${cause}` };
  }
  if (state === 'fresh') return { action, at, why: 'Its token is replaced then, well before it dies.' };
  const own = state === 'due' ? 'It is due now.' : 'The next try is planned for then.';
  return { action, at, why: own };
}

function waysOf({
  name,
  state,
  reason,
  person_needed: isPersons,
  can_be_asked: asks,
  no_refresh_before: refusedUntil,
}: AccountStatus): Explanation['person'] {
  const command = (words: string): string => `token-refresher ${words}`;
  if (state === 'disabled') {
    return [{ what: 'Set "enabled": true for it in the credentials file.', command: command('reload') }];
  }
  if (state === 'paused') {
    return [
      { what: 'Put it back into service.', command: command(`resume ${name}`) },
      { what: 'End its session and take its keys away.', command: command(`logout ${name}`) },
    ];
  }
  const refresh = isPersons
    ? {
        what: asks ? 'Have the broker ask its person, or log in there.' : 'Log in at the broker.',
        command: command(`login ${name}`),
      }
    : refusedUntil === null
      ? { what: 'Get a new token now.', command: command(`refresh ${name}`) }
      : { what: `Wait: no refresh is taken before ${momentAfter(Date.parse(refusedUntil))}.`, command: null };
  const mend = [
    { what: 'Mend the cause in the credentials file; it is taken up by itself.', command: null },
    { what: 'Mended at the broker: allow one more try.', command: command(`refresh ${name} --force`) },
  ];
  return [
    ...(state === 'stopped' && !isPersons ? mend : [refresh]),
    ...sharedWays(reason),
    { what: 'Have it rest for a time.', command: command(`pause ${name} --for 2h`) },
    { what: 'End its session and take its keys away.', command: command(`logout ${name}`) },
  ];
}

/** What holds an account up may hold others up, too. No new token for all is offered: once it is over they go on by themselves. */
function sharedWays(reason: string | null): Explanation['person'] {
  if (reason === 'budget_spent') {
    return [{ what: 'See which limit it is, and who waits for it.', command: 'token-refresher plan' }];
  }
  return heldUpBy(reason) === undefined
    ? []
    : [{ what: 'See whom else it concerns.', command: 'token-refresher status' }];
}

const iso = (at: number): string => new Date(at).toISOString();
