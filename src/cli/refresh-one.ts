import type { Redis } from 'ioredis';
import { requestRefresh } from '../app/wishes.ts';
import { momentAfter } from '../core/day.ts';
import { systemClock } from '../core/clock.ts';
import { describe, heldBackOf } from '../core/describe.ts';
import { refusedEarlier } from '../core/refused-words.ts';
import { heldBackMessage } from '../core/held-back.ts';
import type { Room } from '../core/room.ts';
import { SAME_TOKEN } from '../core/session.ts';
import type { AccountStatus } from '../core/status.ts';
import type { RosterEntry } from '../redis/roster.ts';
import { readSilences } from '../redis/silences.ts';
import { readFacts } from '../redis/statuses.ts';

const WAIT_MS = 60_000;
const LOOK_MS = 100;

/** What came of one account's refresh. */
export interface Refreshed {
  readonly name: string;
  readonly broker: string;
  /** `same_token`: done, and the broker handed out the token that was there; `paused`: it was told to rest. */
  readonly outcome: 'refreshed' | 'same_token' | 'paused' | 'failed';
  /** Why not, in one word; null where it was. */
  readonly code: string | null;
  readonly message: string;
}

type Why = Pick<Refreshed, 'code' | 'message'> & { readonly outcome?: 'paused' };

export interface RefreshOneParts {
  readonly redis: Redis;
  readonly egress: string;
  /** A stopped account is tried once more. */
  readonly force: boolean;
  /** What it is known to wait for, where many are wanted at once. */
  readonly room?: Room | undefined;
}

/** Asks the running service for a new token and waits for what comes of it. */
export async function refreshOne(
  parts: RefreshOneParts,
  name: string,
  entry: RosterEntry,
): Promise<Refreshed> {
  const { broker } = entry;
  const served = (): Promise<string | null> => parts.redis.get(`token:${name}`);
  const before = await served();
  const why = await whyNot(parts, name, entry);
  if (why) return { name, broker, outcome: 'failed', ...why };
  return before !== null && before === (await served())
    ? { name, broker, outcome: 'same_token', code: null, message: `refreshed. ${SAME_TOKEN}` }
    : { name, broker, outcome: 'refreshed', code: null, message: 'refreshed' };
}

/** Undefined once a new token is out. */
async function whyNot(parts: RefreshOneParts, name: string, entry: RosterEntry): Promise<Why | undefined> {
  const { redis, egress, force } = parts;
  const look = async (): Promise<AccountStatus | undefined> => {
    const [facts] = await readFacts(redis, [[name, entry]]);
    return facts && describe(facts, systemClock.now());
  };
  /** A broker in silence is not called, so nothing would come of waiting. */
  const silence = async (): Promise<Why | undefined> => {
    const [asked] = await readSilences(redis, [entry.broker], egress, systemClock.now());
    return asked
      ? {
          code: 'broker_silence',
          message: `the broker asked for silence until ${momentAfter(asked.until)}`,
        }
      : undefined;
  };
  /** Nor of one that no limit has room for, as the service said at `since` (ms) or later. */
  const heldBack = async (since = 0): Promise<Why | undefined> => {
    const [facts] = await readFacts(redis, [[name, entry]]);
    const saidAt = Date.parse(facts?.since ?? '');
    const message = facts && saidAt >= since ? heldBackOf(facts, systemClock.now())?.message : undefined;
    return message === undefined ? undefined : { code: 'budget_spent', message };
  };
  const before = await look();
  const refusal = refusalOf(name, before, entry, force);
  if (refusal) return refusal;
  const waits = (await silence()) ?? (force ? undefined : await heldBack());
  if (waits !== undefined) return waits;
  if (parts.room) {
    const { budget, until } = parts.room;
    return { code: 'budget_spent', message: heldBackMessage(budget, undefined, until) };
  }
  const askedAt = systemClock.now();
  await requestRefresh(redis, name, entry.broker, force, askedAt);
  while (systemClock.now() - askedAt < WAIT_MS) {
    await systemClock.sleep(LOOK_MS);
    const after = await look();
    if (after && (after.generation ?? 0) > (before?.generation ?? 0)) return undefined;
    if (
      after?.last_error &&
      Date.parse(after.last_error.at) >= askedAt &&
      after.state !== 'refreshing' &&
      after.state !== 'due'
    )
      return { code: after.last_error.code, message: after.last_error.message };
    // Stopped without a call, by a verdict of earlier; paused or taken out by somebody else meanwhile.
    const ended = force ? undefined : refusalOf(name, after, entry, false);
    if (ended) return ended;
    const silenced =
      after?.state === 'refreshing' ? undefined : ((await silence()) ?? (await heldBack(askedAt)));
    if (silenced !== undefined) return silenced;
  }
  return { code: 'no_outcome', message: 'no outcome within a minute; is the service running?' };
}

/** Why nothing is even asked for. */
function refusalOf(
  name: string,
  before: AccountStatus | undefined,
  entry: RosterEntry,
  force: boolean,
): Why | undefined {
  if (before?.state === 'paused') {
    return {
      outcome: 'paused',
      code: 'paused',
      message: `paused by a person: "token-refresher resume ${before.name}" puts it back into service`,
    };
  }
  if (entry.person) {
    return {
      code: 'needs_person',
      message: `only a person can get the next token: "token-refresher login ${name}" prints the link, the page has a button and the alert a link for it`,
    };
  }
  if (before?.state === 'disabled') return { code: 'disabled', message: 'disabled in the credentials file' };
  if (before?.state !== 'stopped' || force) return undefined;
  const { last_error: said } = before;
  return said
    ? { code: said.code, message: `stopped: ${said.message} (--force tries once more)` }
    : { code: 'stopped', message: `stopped: ${refusedEarlier(before.name)}` };
}
