import { kindOf } from '../truth.ts';
import type { World } from '../world.ts';
import { broken } from './rules.ts';

const MINUTE_MS = 60_000;
/** One when it is new, one for who reports it, and again where the answer was lost with its process, or with its reply. */
const MOST_PROOFS = 6;

/**
 * However many report a token: while it is good, the broker is not asked about it again and again. Of two processes whose
 * clocks stand minutes apart each takes the other's minute for over: a harmless call each time, within the broker's limits.
 */
export function watchReports(world: World): { clocksApart(): void } {
  let wereClocksApart = false;
  const asked = new Map<string, readonly number[]>();
  world.onCall((call, what) => {
    if (wereClocksApart || what !== 'answered' || kindOf(call) !== 'proof' || call.answer?.status !== 200)
      return;
    const { headers } = call.request;
    const token = headers['authorization'] ?? headers['cst'];
    if (token === undefined) return;
    const key = `${call.operation} ${token}`;
    const recent = (asked.get(key) ?? []).filter((at) => at > call.startedAt - MINUTE_MS);
    asked.set(key, [...recent, call.startedAt]);
    if (recent.length >= MOST_PROOFS)
      broken(
        `${call.broker}: a good token of ${call.username} was proved ${recent.length + 1} times in a minute`,
      );
  });
  return {
    clocksApart: () => {
      wereClocksApart = true;
    },
  };
}
