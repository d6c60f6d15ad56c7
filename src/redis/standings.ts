import type { Redis } from 'ioredis';
import type { StateFacts } from '../core/describe.ts';
import { keys } from './keys.ts';

/** How an account stands, in as few fields as tell it: read of all accounts, again and again. */
export interface Standing extends Pick<StateFacts, 'underWay' | 'state' | 'expiresAt' | 'renewAt'> {
  /** When it is looked at next, ms; undefined: never. */
  readonly dueAt: number | undefined;
  /** Why it stands so. */
  readonly reason: string | undefined;
}

/** How accounts of one broker stand, in their order: two or three round trips, however many they are. */
export async function readStandings(
  redis: Redis,
  broker: string,
  names: readonly string[],
): Promise<readonly Standing[]> {
  if (names.length === 0) return [];
  const read = redis.pipeline().zmscore(keys.due(broker), ...names);
  for (const name of names) {
    read
      .hmget(keys.record(name), 'expiresAt', 'renewAt', 'attempt')
      .hmget(`state:${name}`, 'state', 'reason');
  }
  const [scores, ...rest] = answersOf(await read.exec());
  const rows = names.map((name, i) => {
    const [expiresAt, renewAt, attempt] = list(rest[2 * i]);
    const [state, reason] = list(rest[2 * i + 1]);
    return {
      name,
      state: typeof state === 'string' ? state : undefined,
      reason: typeof reason === 'string' ? reason : undefined,
      expiresAt: numeric(expiresAt),
      renewAt: numeric(renewAt),
      dueAt: numeric(list(scores)[i]),
      isOpen: typeof attempt === 'string',
    };
  });
  const underWay = await leased(
    redis,
    rows.filter(({ isOpen }) => isOpen).map(({ name }) => name),
  );
  return rows.map(({ name, isOpen: _, ...row }) => ({ ...row, underWay: underWay.has(name) }));
}

/** An attempt whose lease has run out is no call any more: its process died. */
async function leased(redis: Redis, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const read = redis.pipeline();
  for (const name of names) read.exists(keys.lease(name));
  const answers = answersOf(await read.exec());
  return new Set(names.filter((_, i) => answers[i] === 1));
}

/** What a pipeline answered; throws the first error in it. */
export function answersOf(replies: readonly [Error | null, unknown][] | null): readonly unknown[] {
  return (replies ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}

const list = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);

/** A number that Redis keeps as text; undefined where there is none, or it is 0. */
function numeric(text: unknown): number | undefined {
  const number = typeof text === 'string' ? Number(text) : 0;
  return number > 0 ? number : undefined;
}
