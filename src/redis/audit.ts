import type { Redis } from 'ioredis';
import { ALL_ACCOUNTS, type Act } from '../core/explain.ts';
import { keys } from './keys.ts';

/** How long what a person did can be looked up, ms, and how much of it at most. */
const KEPT_MS = 30 * 24 * 60 * 60_000;
const MOST = 20_000;
const FIELDS = ['who', 'what', 'account', 'from', 'outcome'] as const;
/** So many of the newest are looked through for those of one account. */
const LOOKED_THROUGH = 1_000;

/** Keeps what a person did: who, what, to which account, from where. Never a secret. */
export async function keepAct(redis: Redis, act: Omit<Act, 'at'>, now: number): Promise<void> {
  const fields = FIELDS.flatMap((field) => [field, act[field]]);
  await redis
    .multi()
    .xadd(keys.audit, 'MINID', '~', now - KEPT_MS, '*', ...fields)
    .xtrim(keys.audit, 'MAXLEN', '~', MOST)
    .exec();
}

/** The newest first; where an account is named, what was done to it or to all. */
export async function readActs(
  redis: Redis,
  wanted: { readonly account?: string; readonly count: number },
): Promise<readonly Act[]> {
  const { account, count } = wanted;
  const entries = await redis.xrevrange(
    keys.audit,
    '+',
    '-',
    'COUNT',
    account === undefined ? count : LOOKED_THROUGH,
  );
  const acts = entries.map(([id, fields]) => actOf(id, fields));
  return acts
    .filter((act) => account === undefined || [account, ALL_ACCOUNTS].includes(act.account))
    .slice(0, count);
}

/** Those that were kept after the one of this id, oldest first, each with its own. */
export async function actsAfter(
  redis: Redis,
  id: string,
): Promise<readonly { readonly id: string; readonly act: Act }[]> {
  const entries = await redis.xrange(keys.audit, `(${id}`, '+', 'COUNT', 100);
  return entries.map(([each, fields]) => ({ id: each, act: actOf(each, fields) }));
}

function actOf(id: string, fields: readonly string[]): Act {
  const value = (field: string): string => fields[fields.indexOf(field) + 1] ?? '';
  return {
    at: new Date(Number(id.split('-')[0])).toISOString(),
    who: value('who'),
    what: value('what'),
    account: value('account'),
    from: value('from'),
    outcome: value('outcome'),
  };
}
