import { isWhole, type Book, type Incident } from './book.ts';
import type { Failure } from './members.ts';

/** A broker that is not there: each of its accounts meets it in its own way, and who waits for it is told of as `broker_down`. */
const OUTAGES: readonly string[] = ['broker_down', 'server_fault', 'timeout', 'no_answer', 'unreachable'];
/** What passes by itself, and where there is nothing to mend; a reason of any other kind may name something. */
export const PASSING: readonly string[] = [...OUTAGES, 'held_up'];
/** Of so many at once it is the broker that is not there, and not something of theirs. */
const BROKER_WIDE = 3;

/**
 * The open incident that tells of the outage already which an account has met; undefined where it is the first, or fails
 * of something else. Who waits for a broker that does not answer is with those who found that out; and while it is down for
 * three or more, one more way to fail is no other cause.
 */
export function outageOf(
  { incidents }: Book,
  { broker, account, code }: Pick<Failure, 'broker' | 'account' | 'code'>,
): Incident | undefined {
  if (!OUTAGES.includes(code) || isWhole(account)) return undefined;
  const failing = (incident: Incident): readonly string[] =>
    incident.members.filter(({ state }) => state === 'failing').map(({ name }) => name);
  const open = incidents.filter(
    (each) => each.broker === broker && OUTAGES.includes(each.code) && failing(each).length > 0,
  );
  const known = open.filter(
    (each) => code === 'broker_down' || each.code === 'broker_down' || failing(each).length >= BROKER_WIDE,
  );
  return known.find((each) => failing(each).includes(account)) ?? known[0];
}
