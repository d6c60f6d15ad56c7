import { nameOf } from './invariants/rules.ts';
import { issuedIn, kindOf } from './truth.ts';
import type { World } from './world.ts';

/** Logins nobody answered beside a token that lives, after which the next one waits (docs/reliability.md, Numbers). */
const UNANSWERED = 2;
/** From a next action to what has come of it, ms. */
const DONE_MS = 5 * 60_000;

/**
 * Until when incidents may be open though all is well, ms; 0: not at all. Two logins that nobody answered beside a
 * token that lives put the next one off, until shortly before that token's end. Nothing has worked again by then,
 * so that their warning stays: it has to close with that login.
 */
export function putOffUntil(world: World): number {
  const names = world.openIncidents().flatMap(({ accounts }) => accounts);
  return Math.max(0, ...names.map((name) => waitsUntil(world, name)));
}

function waitsUntil(world: World, name: string): number {
  const username = world.entries().find((entry) => nameOf(entry) === name)?.username;
  if (username === undefined || world.token(name) === undefined) return 0;
  const calls = world.calls().filter((call) => call.username === username);
  const last = calls.findLastIndex((call) => call.deliveredAt !== undefined && issuedIn(call, 0).length > 0);
  const unanswered = calls
    .slice(last + 1)
    .filter((call) => kindOf(call) === 'sign-in' && call.deliveredAt === undefined);
  return unanswered.length < UNANSWERED ? 0 : (world.dueAt(name) ?? 0) + DONE_MS;
}
