import type { Redis } from 'ioredis';
import { moment, momentAfter } from '../core/day.ts';
import type { Clock } from '../core/clock.ts';
import { isAsked } from '../core/decide.ts';
import { describe, throttledUntil, type StatusFacts } from '../core/describe.ts';
import type { Asked, Trouble } from '../core/session.ts';
import type { AskAnswer, Desk } from '../http/desk.ts';
import { keys } from '../redis/keys.ts';
import { readAsked, readTrouble } from '../redis/record.ts';
import type { Roster, RosterEntry } from '../redis/roster.ts';
import { readFacts } from '../redis/statuses.ts';
import { brokerNamed } from './engine.ts';
import { outOfService, requestRefresh, silence } from './wishes.ts';

export interface AskingParts {
  readonly redis: Redis;
  readonly roster: Pick<Roster, 'get'>;
  readonly clock: Clock;
  /** Why the broker may not be called now, and until when (ms). */
  readonly silentUntil: (broker: string) => Promise<number>;
  readonly nudge: (broker: string) => void;
}

/** A look under way at the account, the call itself, and what the schedule takes, ms. */
const WAIT_MS = 20_000;
const LOOK_MS = 100;
/** A look may prove the token that is there first: the wish for a question is then said again. */
const WISHES = 3;

/** What tells how an account's question stands. */
interface Known {
  readonly facts: StatusFacts;
  /** As it lies in Redis: whether it is another one is told by the text, not by anybody's clock. */
  readonly asked: string | null;
  readonly trouble: string | null;
  /** What brought the present token. */
  readonly source: string | null;
  /** True while the look that answers the wish has not ended. */
  readonly isOpen: boolean;
}

/**
 * Has the broker ask an account's person, by the wish that the command `login` leaves as well: whoever serves the account
 * asks under its lease, by an attempt that is noted, once a window. Waits for what came of it.
 */
export function makeAsking(parts: AskingParts): Desk['ask'] {
  const { redis, roster, clock } = parts;

  async function look(name: string, entry: RosterEntry): Promise<Known | undefined> {
    const [[facts], fields] = await Promise.all([
      readFacts(redis, [[name, entry]]),
      redis.hmget(keys.record(name), 'asked', 'trouble', 'source', 'request'),
    ]);
    const [asked = null, trouble = null, source = null, request = null] = fields;
    return facts && { facts, asked, trouble, source, isOpen: request !== null || facts.underWay };
  }

  async function settled(name: string, entry: RosterEntry, before: Known): Promise<Known | undefined> {
    const until = clock.now() + WAIT_MS;
    let wishes = 1;
    for (;;) {
      await clock.sleep(LOOK_MS);
      const known = await look(name, entry);
      const isProof = known?.facts.provenAt !== before.facts.provenAt && known?.asked === before.asked;
      if (known && !known.isOpen && isProof && wishes < WISHES) {
        wishes += 1;
        await wish(name, entry);
      } else if (!known?.isOpen || clock.now() >= until) {
        return known;
      }
    }
  }

  async function wish(name: string, entry: RosterEntry): Promise<boolean> {
    const isServed = await requestRefresh(redis, name, entry.broker, false, clock.now());
    parts.nudge(entry.broker);
    return isServed;
  }

  return async (name) => {
    const entry = await roster.get(name);
    const before = entry && (await look(name, entry));
    if (!entry || !before) return unknown(name);
    const { title } = brokerNamed(entry.broker);
    if (!entry.asks)
      return { outcome: 'no-approval', message: `${title} does not ask the person of ${name}.` };
    const hindrance =
      outOfService(name, entry, before.facts, clock.now()) ??
      silence(before.facts, await parts.silentUntil(entry.broker), clock.now());
    if (hindrance) return hindrance;
    if (!(await wish(name, entry))) return unknown(name);
    const after = await settled(name, entry, before);
    return after ? answerOf({ name, title, before, after, now: clock.now() }) : unknown(name);
  };
}

interface Outcome {
  readonly name: string;
  readonly title: string;
  readonly before: Known;
  readonly after: Known;
  readonly now: number;
}

function answerOf({ name, title, before, after, now }: Outcome): AskAnswer {
  const asked = readAsked(after.asked ?? undefined);
  const trouble = readTrouble(after.trouble ?? undefined);
  const isNew = after.asked !== before.asked;
  if (after.isOpen) {
    const message = `${name} is busy, or nobody serves it now: its person is asked as soon as it is free.`;
    return { outcome: 'under-way', message };
  }
  if (asked && isStillOpen(asked, after, now)) {
    return isNew ? askedNow(name, title, asked, trouble) : askedBefore(name, title, asked);
  }
  const nobody = (why: string, retryAt: string | null = null): AskAnswer => {
    const message = `Nobody was asked for ${name}: ${why} The login by the link works at any hour.`;
    return { outcome: 'nobody-asked', message, retryAt };
  };
  if (trouble && (isNew || after.trouble !== before.trouble)) {
    const retryAt = throttledUntil(after.facts, now);
    return nobody(trouble.message, retryAt === undefined ? null : iso(retryAt));
  }
  const { state, detail, reason } = describe(after.facts, now);
  if (state === 'stopped') {
    return { outcome: 'stopped', message: `${name} is stopped: ${detail ?? ''}`, retryAt: null };
  }
  if (reason === 'broker_silence' || reason === 'broker_down' || reason === 'budget_spent') {
    return nobody(detail ?? '');
  }
  const isAnswered = asked !== undefined && asked.until > now && asked.refused === undefined;
  return isAnswered
    ? nobody(
        `${title} asked at ${moment(asked.at)}, and the answer came; it is told to ask again after ${momentAfter(asked.until)}.`,
        iso(asked.until),
      )
    : nobody(`${title} is told to ask only so often a day, and that is used up.`);
}

function askedNow(name: string, title: string, asked: Asked, trouble: Trouble | undefined): AskAnswer {
  const message = `${title} asks the person of ${name} now: approve it in its app by ${moment(asked.until)}.`;
  const isDoubtful = trouble?.kind === 'outcome-unknown';
  const all = isDoubtful ? trouble.message : `${message}${trouble ? ` But ${trouble.message}` : ''}`;
  return { outcome: 'asked', message: all, until: iso(asked.until) };
}

function askedBefore(name: string, title: string, asked: Asked): AskAnswer {
  const message = `${title} asked the person of ${name} at ${moment(asked.at)} and is not told to again: they may still approve it in its app by ${moment(asked.until)}.`;
  return { outcome: 'asked-before', message, until: iso(asked.until) };
}

function isStillOpen(asked: Asked, { source, facts: { issuedAt } }: Known, now: number): boolean {
  const session = source && issuedAt !== undefined ? { source, grant: { issuedAt } } : undefined;
  return isAsked({ asked, session }, now);
}

const iso = (at: number): string => new Date(at).toISOString();

const unknown = (name: string): AskAnswer => ({
  outcome: 'unknown-name',
  message: `There is no account named ${name}.`,
});
