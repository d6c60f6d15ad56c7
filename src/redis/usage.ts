import type { Redis } from 'ioredis';
import type { FailedSignIn, KeptFailure } from '../core/ledger.ts';
import type { Budget } from '../core/limits.ts';
import { keys } from './keys.ts';

const BATCH = 500;

/** When the calls went out that each budget has counted in the window that ends at `now`, ms, oldest first. */
export async function readUsage(
  redis: Redis,
  budgets: readonly { readonly broker: string; readonly budget: Budget }[],
  now: number,
): Promise<readonly (readonly number[])[]> {
  const [replies, successes] = await Promise.all([
    inBatches(redis, budgets, (read, { broker, budget }) =>
      read.zrange(keys.budget(broker, budget), `(${now - budget.windowMs}`, '+inf', 'BYSCORE', 'WITHSCORES'),
    ),
    inBatches(redis, budgets, (read, { broker, budget }) =>
      read.get(`${keys.budget(broker, budget)}:success`),
    ),
  ]);
  return replies.map((reply, i) => countedIn(reply, Number(successes[i] ?? 0), now));
}

/** When what is counted was, ms, oldest first: of failed sign-ins and of calls alike. */
export const countedIn = (reply: unknown, succeededAt: number, now: number): readonly number[] =>
  membersIn(reply, succeededAt, now).map(({ at }) => at);

/** The failed sign-ins that a network's ledger counts in the window that ends at `now`, ms, oldest first. */
export async function readFailed(
  redis: Redis,
  broker: string,
  ledger: Budget,
  now: number,
): Promise<readonly FailedSignIn[]> {
  const key = keys.budget(broker, ledger);
  const [reply, succeededAt] = await Promise.all([
    redis.zrange(key, `(${now - ledger.windowMs}`, '+inf', 'BYSCORE', 'WITHSCORES'),
    redis.get(`${key}:success`),
  ]);
  return membersIn(reply, Number(succeededAt ?? 0), now).map(({ member, at }) => ({
    // `r:<name>:<fence>`
    name: member.slice(2, member.lastIndexOf(':')),
    at,
    as: member.startsWith('r:') ? 'refused' : 'unknown',
  }));
}

/** The same with the members that tell them apart, those that a success excuses included. */
export const keptFailuresIn = (reply: unknown): readonly KeptFailure[] =>
  membersIn(reply, 0, 0).map(({ member, at }) => ({
    member: member.slice(2),
    at,
    as: member.startsWith('r:') ? 'refused' : 'unknown',
  }));

/** As scripts/budget.lua counts: what nobody answered was no failure of the network once a sign-in after it worked. */
function membersIn(
  reply: unknown,
  succeededAt: number,
  now: number,
): readonly { readonly member: string; readonly at: number }[] {
  if (!Array.isArray(reply)) return [];
  const members = reply.filter((_, i) => i % 2 === 0).map(String);
  const instants = reply.filter((_, i) => i % 2 === 1).map(Number);
  // A success that is still to come by this clock would excuse what nobody answers until then.
  const excusedUntil = succeededAt > now ? 0 : succeededAt;
  return instants
    .map((at, i) => ({ member: members[i] ?? '', at }))
    .filter(({ member, at }) => at > excusedUntil || !member.startsWith('u:'));
}

/** Those of the accounts whose credentials have signed in before. */
export const readProven = (redis: Redis, names: readonly string[]): Promise<ReadonlySet<string>> =>
  withField(redis, names, 'proven', (value) => typeof value === 'string');

/** Those of the accounts whose present session can be renewed no more: what renews it was spent or refused. */
export const readSpentRenewals = (redis: Redis, names: readonly string[]): Promise<ReadonlySet<string>> =>
  withField(redis, names, 'renewalSpent', (value) => value === '1');

async function withField(
  redis: Redis,
  names: readonly string[],
  field: string,
  holds: (value: unknown) => boolean,
): Promise<ReadonlySet<string>> {
  const replies = await inBatches(redis, names, (read, name) => read.hget(keys.record(name), field));
  return new Set(names.filter((_, i) => holds(replies[i])));
}

async function inBatches<T>(
  redis: Redis,
  items: readonly T[],
  ask: (read: ReturnType<Redis['pipeline']>, item: T) => unknown,
): Promise<readonly unknown[]> {
  const replies: unknown[] = [];
  for (let i = 0; i < items.length; i += BATCH) {
    const read = redis.pipeline();
    for (const item of items.slice(i, i + BATCH)) ask(read, item);
    for (const [error, reply] of (await read.exec()) ?? []) {
      if (error) throw error;
      replies.push(reply);
    }
  }
  return replies;
}
