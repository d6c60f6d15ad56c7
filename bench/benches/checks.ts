import type { Scope } from '../bench.ts';
import { until } from '../ground/programs.ts';
import type { Program } from '../ground/programs.ts';

/** A contestant that did not do its work must not win. */
export function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Loops give a token's life in whole seconds. */
const SECOND_MS = 1_000;
const MGET_AT_ONCE = 1_000;

/** The tokens in Redis, null where there is none, in the order of the users. */
export async function tokensOf(
  { redis }: Pick<Scope, 'redis'>,
  users: readonly string[],
): Promise<readonly (string | null)[]> {
  const tokens: (string | null)[] = [];
  for (let from = 0; from < users.length; from += MGET_AT_ONCE) {
    const keys = users.slice(from, from + MGET_AT_ONCE).map((user) => `token:${user}`);
    tokens.push(...(await redis.client.mget(keys)));
  }
  return tokens;
}

/** Waits until every account has a token that can be read. */
export async function allPublished(
  scope: Pick<Scope, 'redis' | 'broker'>,
  users: readonly string[],
  program: Program,
  timeoutMs: number,
): Promise<void> {
  await until(`${users.length} logins`, timeoutMs, async () => {
    check(program.isThere() || (await scope.broker.counts()).users === users.length, 'it ended early');
    return (await scope.broker.counts()).users === users.length;
  });
  await until(`${users.length} tokens`, 10_000, async () => {
    const tokens = await tokensOf(scope, users);
    return tokens.every((token) => token !== null);
  });
}

/**
 * Every account has, once nothing is under way, the very token that the broker handed out last; one whose life is over
 * may be gone.
 */
export async function holdsTheLatest(
  scope: Pick<Scope, 'redis' | 'broker'>,
  users: readonly string[],
): Promise<void> {
  const before = Date.now();
  const tokens = await tokensOf(scope, users);
  const handedOut = await scope.broker.users();
  const wrong = users.filter((user, i) => {
    const last = handedOut[user];
    const isOver = last !== undefined && last.expiresAt - SECOND_MS < before;
    return last?.token !== tokens[i] && !(tokens[i] === null && isOver);
  });
  check(wrong.length === 0, `${wrong.length} accounts do not have the token that the broker gave last`);
}
