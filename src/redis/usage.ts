import type { Redis } from 'ioredis';
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
  return replies.map((reply, i) => countedIn(reply, Number(successes[i] ?? 0)));
}

/** As scripts/budget.lua counts: what nobody answered was no failure of the network once a sign-in after it worked. */
export function countedIn(reply: unknown, succeededAt: number): readonly number[] {
  if (!Array.isArray(reply)) return [];
  const members = reply.filter((_, i) => i % 2 === 0).map(String);
  const instants = reply.filter((_, i) => i % 2 === 1).map(Number);
  return instants.filter((at, i) => at > succeededAt || !(members[i] ?? '').startsWith('u:'));
}

/** Those of the accounts whose present session can be renewed no more: what renews it was spent or refused. */
export async function readSpentRenewals(
  redis: Redis,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const replies = await inBatches(redis, names, (read, name) => read.hget(keys.record(name), 'renewalSpent'));
  return new Set(names.filter((_, i) => replies[i] === '1'));
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
