import type { BrokerIo, Call, HttpRequest } from '../../core/broker.ts';
import { ConfigurationError } from '../../core/errors.ts';
import { refusal } from './classify.ts';
import { isDead, isGood } from './reading.ts';

const LIFE_VARIABLE = 'IG_V2_LIFETIME_SECONDS';
/**
 * How long a header pair lives without use, seconds: "initially valid for 6 hours" (labs.ig.com, REST
 * API guide). The FAQ says twelve hours from the last call; the shorter one is safe.
 */
const DEFAULT_LIFE_S = 6 * 60 * 60;
/** No document speaks of more than 72 h, and a pair that is always due would be signed in without end. */
const SHORTEST_LIFE_S = 10 * 60;
const LONGEST_LIFE_S = 72 * 60 * 60;

/** How long a pair of CST and X-SECURITY-TOKEN is taken to live, ms. Throws `ConfigurationError`. */
export function pairLifeMs(setting: BrokerIo['setting']): number {
  const text = setting(LIFE_VARIABLE);
  if (text === undefined) return DEFAULT_LIFE_S * 1_000;
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (seconds >= SHORTEST_LIFE_S && seconds <= LONGEST_LIFE_S) return seconds * 1_000;
  throw new ConfigurationError([
    {
      at: LIFE_VARIABLE,
      message: `must be a whole number of seconds from ${SHORTEST_LIFE_S} to ${LONGEST_LIFE_S}; or leave it out (${DEFAULT_LIFE_S})`,
    },
  ]);
}

/** Ends a session. Any 2xx will do (IG documents no body); one that is over already is what was wanted. */
export async function endSession(io: BrokerIo, request: HttpRequest, call: Call): Promise<void> {
  const answer = await io.http(request, call);
  if (isGood(answer)) return;
  const error = refusal('read', answer);
  if (!isDead(error)) throw error;
}
