import type { Redis } from 'ioredis';
import { REPLACEMENT_GAP_MS, REPORT_REST_MS, reportOutcomes, type ReportOutcome } from '../core/reports.ts';
import { keys } from './keys.ts';
import { run, scripts } from './scripts.ts';

/** Which login each of these consumers' names belongs to; `isAlias`: its readers know no generation. */
export async function loginsOf(
  redis: Redis,
  names: readonly string[],
): Promise<ReadonlyMap<string, { readonly login: string; readonly isAlias: boolean }>> {
  const found = new Map<string, { readonly login: string; readonly isAlias: boolean }>();
  if (names.length === 0) return found;
  const [configured, discovered, aliases] = await Promise.all(
    [keys.names, keys.discovered, keys.aliases].map((key) => redis.hmget(key, ...names)),
  );
  for (const [i, name] of names.entries()) {
    const named = configured?.[i] ?? discovered?.[i];
    const login = named ?? aliases?.[i];
    if (login) found.set(name, { login, isAlias: !named });
  }
  return found;
}

/** What consumers said of one login's token. */
export interface Said {
  readonly login: string;
  readonly broker: string;
  readonly generations: readonly number[];
  /** Somebody who knows no generation means the token that is out. */
  readonly present: boolean;
  /** The broker has a cheap call that proves a token. */
  readonly probed: boolean;
  /** From the last report that was taken up to one of a newer generation, ms. */
  readonly gapMs: number;
}

export interface Noted {
  readonly outcome: ReportOutcome;
  readonly generation: number;
  readonly expiresAt: number;
  /** When one that is noted is acted on, ms. */
  readonly at: number;
}

/** Notes in the account's record, in one step, that its token is to be proved or replaced; or says why not. */
export async function noteReport(
  redis: Redis,
  { login, broker, generations, present, probed, gapMs }: Said,
  now: number,
): Promise<Noted> {
  const payload = {
    name: login,
    generations: generations.map(String),
    present,
    probed,
    now,
    restMs: REPORT_REST_MS,
    gapMs,
    replacementGapMs: REPLACEMENT_GAP_MS,
  };
  const places = [keys.record(login), keys.due(broker), `state:${login}`, keys.roster];
  const reply = await run(redis, scripts.report, places, [JSON.stringify(payload)]);
  const [said, generation, expiresAt, at = 0] = Array.isArray(reply) ? reply.map(String) : [];
  const outcome = reportOutcomes.find((each) => each === said);
  if (!outcome) throw new Error('Redis gave an unknown answer to a report');
  return { outcome, generation: Number(generation), expiresAt: Number(expiresAt), at: Number(at) };
}

/** Says once more to who reported late that the token is good. */
export async function confirmAgain(
  redis: Redis,
  said: {
    readonly login: string;
    readonly names: readonly string[];
    readonly generation: number;
    readonly expiresAt: number;
  },
): Promise<void> {
  const { login, names, generation, expiresAt } = said;
  const text = {
    event: 'confirmed',
    username: login,
    names: [...new Set([login, ...names])],
    generation,
    expiresAt: new Date(expiresAt).toISOString(),
  };
  await redis.publish('token-events', JSON.stringify(text));
}
