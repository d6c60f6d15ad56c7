import type { DialectHost } from '../../core/dialect.ts';
import { switched } from './simulator-switches.ts';

/** Whom a try to log in is counted against. */
export interface Attempt {
  readonly username: string;
  readonly apiKey: string;
  readonly egress: string;
}

export interface Lockout {
  /** True while the login is locked; a try may prolong that. */
  isLocked(attempt: Attempt): boolean;
  failed(attempt: Attempt): void;
  succeeded(attempt: Attempt): void;
  unlockAll(): number;
}

interface Tally {
  readonly failures: number;
  readonly lockedUntil: number;
}

/**
 * The lock after wrong passwords. Switches: `lockoutTries` (3), `lockoutLength` (900 s), `lockoutScope` `login` |
 * `key` | `ip`, `lockoutProlonged` `no` | `yes`. IG publishes none of its numbers.
 */
export function makeLockout(host: DialectHost): Lockout {
  const tallies = new Map<string, Tally>();

  const tallied = ({ username, apiKey, egress }: Attempt): string => {
    const scope = switched(host, 'lockoutScope');
    return scope === 'key' ? `key ${apiKey}` : scope === 'ip' ? `ip ${egress}` : `login ${username}`;
  };
  const lockUntil = (): number => host.clock.now() + 1_000 * switched(host, 'lockoutLength');

  return {
    isLocked: (attempt) => {
      const key = tallied(attempt);
      const tally = tallies.get(key);
      if (tally === undefined || tally.lockedUntil === 0) return false;
      if (host.clock.now() >= tally.lockedUntil) {
        tallies.delete(key);
        return false;
      }
      const isProlonged = switched(host, 'lockoutProlonged') === 'yes';
      if (isProlonged) tallies.set(key, { ...tally, lockedUntil: lockUntil() });
      return true;
    },
    failed: (attempt) => {
      const key = tallied(attempt);
      const failures = (tallies.get(key)?.failures ?? 0) + 1;
      const tries = switched(host, 'lockoutTries');
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
