import type { DialectHost } from '../../core/dialect.ts';

const MINUTE_MS = 60_000;

export type Quota = 'key' | 'account';

export interface Limits {
  /** Counts a call; says which quota it went over, if any. */
  spend(apiKey: string, username: string | undefined, isAuth: boolean): Quota | undefined;
  /** True while the login is locked; a try may prolong that. */
  isLocked(attempt: Attempt): boolean;
  failed(attempt: Attempt): void;
  succeeded(attempt: Attempt): void;
  unlockAll(): number;
}

/** Whom a try to log in is counted against. */
export interface Attempt {
  readonly username: string;
  readonly apiKey: string;
  readonly egress: string;
}

interface Tally {
  readonly failures: number;
  readonly lockedUntil: number;
}

/**
 * Quotas and the lock after wrong passwords. Switches: `keyQuota` and `accountQuota` (calls in any 60 s,
 * 0 = none, the default), `authCountsAgainst` `key` | `account` | `both` | `none`; `lockoutTries` (3),
 * `lockoutLength` (900 s), `lockoutScope` `login` | `key` | `ip`, `lockoutProlonged` `no` | `yes`. IG
 * publishes none of the lock's numbers, and not which quota a login or refresh spends.
 */
export function makeLimits(host: DialectHost): Limits {
  const calls = new Map<string, readonly number[]>();
  const tallies = new Map<string, Tally>();

  const isOver = (bucket: string, max: number): boolean => {
    const now = host.clock.now();
    const recent = (calls.get(bucket) ?? []).filter((at) => at > now - MINUTE_MS);
    if (recent.length >= max) return true;
    calls.set(bucket, [...recent, now]);
    return false;
  };

  const quotas = (isAuth: boolean): readonly Quota[] => {
    if (!isAuth) return ['key', 'account'];
    const against = host.switch<string>('authCountsAgainst', 'key');
    return (['key', 'account'] as const).filter((quota) => against === quota || against === 'both');
  };

  const tallied = ({ username, apiKey, egress }: Attempt): string => {
    const scope = host.switch<string>('lockoutScope', 'login');
    return scope === 'key' ? `key ${apiKey}` : scope === 'ip' ? `ip ${egress}` : `login ${username}`;
  };
  const lockUntil = (): number =>
    host.clock.now() + 1_000 * Number(host.switch<number | string>('lockoutLength', 900));

  return {
    spend: (apiKey, username, isAuth) =>
      quotas(isAuth).find((quota) => {
        const max = Number(host.switch<number | string>(quota === 'key' ? 'keyQuota' : 'accountQuota', 0));
        if (max <= 0 || (quota === 'account' && username === undefined)) return false;
        return isOver(quota === 'key' ? `key ${apiKey}` : `account ${username ?? ''}`, max);
      }),
    isLocked: (attempt) => {
      const key = tallied(attempt);
      const tally = tallies.get(key);
      if (tally === undefined || tally.lockedUntil === 0) return false;
      if (host.clock.now() >= tally.lockedUntil) {
        tallies.delete(key);
        return false;
      }
      const isProlonged = host.switch<string>('lockoutProlonged', 'no') === 'yes';
      if (isProlonged) tallies.set(key, { ...tally, lockedUntil: lockUntil() });
      return true;
    },
    failed: (attempt) => {
      const key = tallied(attempt);
      const failures = (tallies.get(key)?.failures ?? 0) + 1;
      const tries = Number(host.switch<number | string>('lockoutTries', 3));
      tallies.set(key, { failures, lockedUntil: failures >= tries ? lockUntil() : 0 });
    },
    succeeded: (attempt) => void tallies.delete(tallied(attempt)),
    unlockAll: () => {
      const { size } = tallies;
      tallies.clear();
      return size;
    },
  };
}
