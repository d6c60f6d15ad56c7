import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.ts';
import { moment, momentAfter } from '../core/day.ts';
import { describe } from '../core/describe.ts';
import type { Pause, SignedOut } from '../core/pause.ts';
import type { AccountStatus } from '../core/status.ts';
import type { Desk, Intervention, InterventionAnswer } from '../http/desk.ts';
import { keys } from '../redis/keys.ts';
import { readPause, readSignedOut } from '../redis/record.ts';
import type { Roster, RosterEntry } from '../redis/roster.ts';
import { run, scripts } from '../redis/scripts.ts';
import { readFacts } from '../redis/statuses.ts';

export interface InterventionParts {
  readonly redis: Redis;
  readonly roster: Pick<Roster, 'get'>;
  readonly clock: Clock;
  /** Has a broker's due accounts looked at now; left out, the running service notices by itself. */
  readonly nudge?: (broker: string) => void;
}

/** A look under way at the account, the call that ends its session, and what the schedule takes, ms. */
const SIGN_OUT_WAIT_MS = 20_000;
const LOOK_MS = 100;

const iso = (at: number): string => new Date(at).toISOString();

/** What persons do to accounts, over Redis alone: whichever process serves the account acts on it next. */
export function makeInterventions(parts: InterventionParts): Pick<Desk, 'intervene'> {
  const { redis, roster, clock } = parts;

  /** Writes a person's word, if the account is still served. */
  async function say(
    name: string,
    entry: RosterEntry,
    status: AccountStatus,
    word: (at: number) => Pause,
  ): Promise<Pause | undefined> {
    const now = clock.now();
    const before = readPause((await redis.hget(keys.record(name), 'paused')) ?? undefined);
    // A later word counts more, also where an earlier one came from a clock that was ahead.
    const paused = word(Math.max(now, (before?.at ?? 0) + 1));
    const isResumed = paused.until !== undefined && paused.until <= paused.at;
    const payload = {
      name,
      names: [...new Set([name, ...status.sub_accounts])],
      now,
      paused: JSON.stringify(paused),
      standing: {
        state: isResumed ? 'due' : 'paused',
        reason: isResumed ? '' : paused.signOut ? 'logged_out' : 'paused',
        since: iso(now),
        expiresAt: isResumed
          ? (status.expiry_time ?? '')
          : paused.until === undefined
            ? (status.expiry_time ?? '')
            : iso(paused.until),
      },
    };
    const places = [keys.record(name), keys.due(entry.broker), keys.roster];
    const isDone = (await run(redis, scripts.intervene, places, [JSON.stringify(payload)])) === 1;
    parts.nudge?.(entry.broker);
    return isDone ? paused : undefined;
  }

  /** What the service says of the logout that this pause asked for; undefined: nothing in time. */
  async function outcomeOf(name: string, { at }: Pause): Promise<SignedOut | undefined> {
    const until = clock.now() + SIGN_OUT_WAIT_MS;
    for (;;) {
      const said = readSignedOut((await redis.hget(keys.record(name), 'signedOut')) ?? undefined);
      if (said?.at === at) return said;
      if (clock.now() >= until) return undefined;
      await clock.sleep(LOOK_MS);
    }
  }

  async function rest(
    name: string,
    entry: RosterEntry,
    status: AccountStatus,
    { forMs, signOut }: { readonly forMs: number | undefined; readonly signOut: boolean },
  ): Promise<InterventionAnswer> {
    const paused = await say(name, entry, status, (at) => ({
      at,
      ...(forMs !== undefined && { until: at + forMs }),
      ...(signOut && { signOut }),
    }));
    if (!paused) return unknown(name);
    const until = paused.until === undefined ? null : iso(paused.until);
    const end = paused.until === undefined ? `until it is resumed` : `until ${momentAfter(paused.until)}`;
    const state = 'paused';
    if (!signOut) {
      const token =
        status.valid && status.expiry_time !== null
          ? `Its token is served until ${moment(Date.parse(status.expiry_time))} at the latest, and then runs out.`
          : 'It has no live token.';
      return { outcome: 'done', message: `${name} is paused ${end}. ${token}`, state, until };
    }
    const said = await outcomeOf(name, paused);
    if (!said) {
      const message = `${name} is paused ${end}. Its logout is under way: the service ends the session and removes the keys as soon as the account is free.`;
      return { outcome: 'under-way', message, state, until };
    }
    return {
      outcome: 'done',
      message: `${sessionWords(name, said)} It is paused ${end}, so that it is not logged in again before.`,
      state,
      until,
      session: {
        ended: said.livesUntil === undefined,
        reason:
          said.message ??
          (said.how === 'none' && said.livesUntil !== undefined ? LOGGED_OUT_EARLIER : reasons[said.how]),
        valid_until: said.livesUntil === undefined ? null : iso(said.livesUntil),
      },
    };
  }

  async function resume(
    name: string,
    entry: RosterEntry,
    status: AccountStatus,
  ): Promise<InterventionAnswer> {
    const unchanged = { state: 'unchanged', until: null } as const;
    if (status.state !== 'paused' && status.state !== 'refreshing') {
      return { outcome: 'done', message: `${name} is not paused (${status.state}).`, ...unchanged };
    }
    if (!(await say(name, entry, status, (at) => ({ at, until: at })))) return unknown(name);
    const message = `${name} is back in service, and is looked at now.`;
    return { outcome: 'done', message, state: 'due', until: null };
  }

  return {
    async intervene(what: Intervention, name, forMs) {
      const entry = await roster.get(name);
      const [facts] = entry ? await readFacts(redis, [[name, entry]]) : [];
      if (!entry || !facts) return unknown(name);
      const status = describe(facts, clock.now());
      if (!entry.enabled) {
        const why = entry.observed ? 'only observed' : 'disabled';
        const message = `${name} is ${why} in the credentials file: it is not served in any case.`;
        return { outcome: 'disabled', message };
      }
      if (what === 'resume') return resume(name, entry, status);
      return rest(name, entry, status, { forMs, signOut: what === 'logout' });
    },
  };
}

const unknown = (name: string): InterventionAnswer => ({
  outcome: 'unknown-name',
  message: `There is no account named ${name}.`,
});

const LOGGED_OUT_EARLIER = 'It was logged out earlier, and not ended at the broker.';
const reasons: Readonly<Record<SignedOut['how'], string>> = {
  ended: 'The broker ended the session.',
  none: 'There was no session that lived.',
  'no-way': 'The broker has no call that ends a session.',
  failed: 'The broker did not end the session.',
};

function sessionWords(name: string, { how, message, livesUntil }: SignedOut): string {
  const lives =
    livesUntil === undefined
      ? ''
      : ` The token is good there until ${moment(livesUntil)}, for whoever has it.`;
  switch (how) {
    case 'ended':
      return `${name} is logged out: the broker ended its session, and its keys are gone.`;
    case 'none':
      return `${name} had no live session; its keys are gone.${lives}`;
    case 'no-way':
      return `The keys of ${name} are gone, but its broker has no call that ends a session.${lives}`;
    case 'failed':
      return `The keys of ${name} are gone, but its session was not ended at the broker: ${message ?? ''}${lives}`;
  }
}
