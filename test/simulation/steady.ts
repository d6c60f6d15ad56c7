import type { Trouble } from './chaos.ts';
import { BrokenInvariant, type Gap } from './invariants/index.ts';
import { issuedIn, kindOf } from './truth.ts';
import type { World } from './world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** How long the login takes that follows, with the look before it, ms. */
const LOGIN_MS = 2 * SECOND_MS;

/** What nobody answered is not asked again at once: after two logins in ten seconds at most, after three in twenty (core/policy.ts), ms. */
const paceAfter = (unanswered: number): number => 5 * SECOND_MS * 2 ** Math.min(unanswered - 1, 2);

/**
 * True where the broker itself had ended the token: two logins, each of which died with its process, have opened
 * two sessions, and Tradovate closes the oldest. A dead token must not be served, and no other one can be there
 * before a login is answered, which follows at the pace of logins without an answer.
 */
function isDisplaced(world: World, name: string, { from, until }: Gap): boolean {
  const living = new Set(world.replicas().map(({ life }) => life.name));
  const unheard = world
    .calls()
    .filter(
      (call) =>
        call.username === name &&
        call.startedAt > from - 2 * MINUTE_MS &&
        call.startedAt < from &&
        kindOf(call) === 'sign-in' &&
        issuedIn(call, 0).length > 0 &&
        !living.has(call.by),
    );
  return unheard.length >= 2 && until - from <= paceAfter(unheard.length) + LOGIN_MS;
}

/** The stretches in which no process ran: two that died at once are no desk with two processes. */
export function watchAbsences(world: World): readonly Gap[] {
  const absences: Gap[] = [];
  let from: number | undefined;
  world.onStep(() => {
    const isAnyone = world.replicas().some(({ running }) => running() !== undefined);
    if (from !== undefined && isAnyone) absences.push({ from, until: world.now() });
    from = isAnyone ? undefined : (from ?? world.now());
  });
  return absences;
}

/** With steady brokers and a second process, no token may be missing for a moment. */
export function checkSteady(
  world: World,
  gaps: ReadonlyMap<string, readonly Gap[]>,
  troubles: readonly Trouble[],
  absences: readonly Gap[],
): void {
  for (const [name, all] of gaps) {
    if (name.startsWith('UP_')) continue;
    for (const { from, until } of all) {
      if (isDisplaced(world, name, { from, until })) continue;
      if (absences.some((none) => none.from <= from && until <= none.until + LOGIN_MS)) continue;
      const near = troubles.filter((trouble) => trouble.from < until && trouble.until > from - 2 * MINUTE_MS);
      throw new BrokenInvariant(
        `${name} had no live token for ${until - from} ms from ${new Date(from).toISOString()}, with: ${near.map(({ wrong }) => wrong).join(', ') || 'nothing'}`,
      );
    }
  }
}
