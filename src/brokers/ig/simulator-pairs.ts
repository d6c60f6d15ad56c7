import type { DialectHost } from '../../core/dialect.ts';
import { switched } from './simulator-switches.ts';

/** An OAuth pair as the simulated IG keeps it. Instants are ms of the simulated clock. */
export interface Pair {
  readonly username: string;
  /** The login that it goes back to, over all its refreshes. */
  readonly session: string;
  /** When that login was. */
  readonly since: number;
  readonly access: string;
  readonly refresh: string;
  readonly accessUntil: number;
  readonly refreshUntil: number;
}

export interface Pairs {
  issue(username: string): Pair;
  /** The pair whose access token this is, while it lives. */
  byAccess(token: string): Pair | undefined;
  /** The pair whose refresh token this is, while it lives. */
  byRefresh(token: string): Pair | undefined;
  /** Swaps a living pair for a new one; what becomes of the old is switched. */
  rotate(old: Pair): Pair;
  /** Ends access, and the refresh token too where `whole`. */
  end(pair: Pair, whole: boolean): void;
  /** Ends all pairs, of one login where `username` is given; returns how many there were. */
  endAll(username?: string): number;
}

/**
 * The pairs that are out. Switches: `accessTtl` (60), `refreshTtl` (600), `sessionMax` (none), all seconds;
 * `refreshTtlFrom` `issue` | `access-expiry`; `oldRefreshToken` `dead` | `valid` | seconds of grace;
 * `oldAccessToken` `valid` | `dead`; `secondLogin` `keeps` | `kills-first`. IG documents none of these but
 * the lives, and those by example.
 */
export function makePairs(host: DialectHost): Pairs {
  const pairs = new Map<string, Pair>();
  const refreshes = new Map<string, string>();

  const keep = (pair: Pair): void => {
    if (Math.max(pair.accessUntil, pair.refreshUntil) > host.clock.now()) {
      pairs.set(pair.access, pair);
      return;
    }
    pairs.delete(pair.access);
    refreshes.delete(pair.refresh);
  };

  const create = (username: string, login?: Pick<Pair, 'session' | 'since'>): Pair => {
    // A demo runs for days on minute-long tokens: what has died is let go whenever something is born.
    for (const pair of pairs.values()) keep(pair);
    const now = host.clock.now();
    const accessUntil = now + 1_000 * switched(host, 'accessTtl');
    const refreshFrom = switched(host, 'refreshTtlFrom') === 'access-expiry' ? accessUntil : now;
    const access = uuid(host.random);
    const { session, since } = login ?? { session: access, since: now };
    const max = switched(host, 'sessionMax');
    const endsAt = max === 'none' ? Number.POSITIVE_INFINITY : since + 1_000 * max;
    const pair = {
      username,
      session,
      since,
      access,
      refresh: uuid(host.random),
      accessUntil,
      refreshUntil: Math.min(refreshFrom + 1_000 * switched(host, 'refreshTtl'), endsAt),
    };
    pairs.set(pair.access, pair);
    refreshes.set(pair.refresh, pair.access);
    return pair;
  };

  const endAll = (username?: string): number => {
    const ended = [...pairs.values()].filter((pair) => username === undefined || pair.username === username);
    for (const pair of ended) keep({ ...pair, accessUntil: 0, refreshUntil: 0 });
    return ended.length;
  };

  return {
    issue: (username) => {
      if (switched(host, 'secondLogin') === 'kills-first') endAll(username);
      return create(username);
    },
    byAccess: (token) => living(pairs.get(token), 'accessUntil', host.clock.now()),
    byRefresh: (token) => living(pairs.get(refreshes.get(token) ?? ''), 'refreshUntil', host.clock.now()),
    rotate: (old) => {
      const next = create(old.username, old);
      const now = host.clock.now();
      const fate = switched(host, 'oldRefreshToken');
      const grace = fate === 'valid' ? Number.POSITIVE_INFINITY : fate === 'dead' ? 0 : 1_000 * fate;
      const accessUntil = switched(host, 'oldAccessToken') === 'dead' ? 0 : old.accessUntil;
      keep({ ...old, accessUntil, refreshUntil: Math.min(old.refreshUntil, now + grace) });
      return next;
    },
    end: (pair, whole) => keep({ ...pair, accessUntil: 0, ...(whole ? { refreshUntil: 0 } : {}) }),
    endAll,
  };
}

function living(
  pair: Pair | undefined,
  until: 'accessUntil' | 'refreshUntil',
  now: number,
): Pair | undefined {
  return pair !== undefined && now < pair[until] ? pair : undefined;
}

/** Shaped like IG's tokens; from the host's chance, so that a run can be repeated. */
export function uuid(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
