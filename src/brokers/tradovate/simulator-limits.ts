import type { DialectAnswer, DialectHost } from '../../core/dialect.ts';
import { switched } from './simulator-switches.ts';

const HOUR_MS = 60 * 60_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

/** The calls that each network has a budget of. */
export type Endpoint = 'login' | 'renew' | 'me';

/** An hour's budget and the wait that a penalty names (partner.tradovate.com, rate-limits). */
const documented: Readonly<Record<Endpoint, { readonly max: number; readonly waitSeconds: number }>> = {
  login: { max: 5, waitSeconds: 15 },
  renew: { max: 15, waitSeconds: 15 },
  me: { max: 10, waitSeconds: 30 },
};

/** The wait that a penalty names; switch `penaltySeconds` goes before the documented one. */
export function waitSecondsOf(host: DialectHost, endpoint: Endpoint): number {
  const seconds = switched(host, 'penaltySeconds');
  return seconds === 'documented' ? documented[endpoint].waitSeconds : seconds;
}

/**
 * The hour's budget of an endpoint for a network. Switches: `limits` (`documented`; `random`: drawn
 * once for each network, 60 to 140 %, since the limits vary on purpose: github tradovate/example-api-faq),
 * and `limits.login`, `limits.renew`, `limits.me`, which go before it.
 */
export function makeLimits(host: DialectHost): (endpoint: Endpoint, egress: string) => number {
  const drawn = new Map<string, number>();
  return (endpoint, egress) => {
    const { max } = documented[endpoint];
    const set = switched(host, `limits.${endpoint}`);
    if (set !== 'documented') return set;
    if (switched(host, 'limits') !== 'random') return max;
    const key = `${endpoint} ${egress}`;
    const found = drawn.get(key) ?? Math.max(1, Math.round(max * (0.6 + 0.8 * host.random())));
    drawn.set(key, found);
    return found;
  };
}

/** Refuses the calls of a network without a token, or of a user, that are too many. */
export interface Quotas {
  /** Counts a call, also one that is refused: that is how repeats lengthen the wait. */
  spend(who: {
    readonly egress: string;
    readonly username: string | undefined;
    /** True for a login or a renewal. */
    readonly authenticates: boolean;
  }): DialectAnswer | undefined;
  forget(): void;
}

/**
 * The limits of users (partner.tradovate.com, rate-limits; the window is the previous hour: github
 * tradovate/api issue 25): 5,000 an hour signed in (as many a minute and a second, which says no more), 1,000 an hour and
 * 100 a second without a token, by network. Switches `limits.user`, `limits.anonymous` (a number an
 * hour), `limits.perMinute` (`off`, a number): an older text's limit of logins and renewals together, by network. Past it:
 * 429 with an empty body.
 */
export function makeQuotas(host: DialectHost): Quotas {
  const spent = new Map<string, number[]>();
  return {
    spend: ({ egress, username, authenticates }) => {
      const perMinute = switched(host, 'limits.perMinute');
      if (authenticates && perMinute !== 'off') {
        const at = host.clock.now();
        const lately = (spent.get(`logins ${egress}`) ?? []).filter((each) => each > at - MINUTE_MS);
        spent.set(`logins ${egress}`, [...lately, at]);
        if (lately.length >= perMinute) return { status: 429 };
      }
      const key = username === undefined ? `network ${egress}` : `user ${username}`;
      const now = host.clock.now();
      const recent = spent.get(key) ?? [];
      spent.set(key, recent);
      while ((recent[0] ?? now) <= now - HOUR_MS) recent.shift();
      recent.push(now);
      const set = switched(host, username === undefined ? 'limits.anonymous' : 'limits.user');
      const anHour = set === 'documented' ? (username === undefined ? 1_000 : 5_000) : set;
      const isBurst = username === undefined && (recent.at(-101) ?? -Infinity) > now - SECOND_MS;
      return recent.length > anHour || isBurst ? { status: 429 } : undefined;
    },
    forget: () => spent.clear(),
  };
}
