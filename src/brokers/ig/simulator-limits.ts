import type { DialectHost } from '../../core/dialect.ts';
import { switched } from './simulator-switches.ts';

const MINUTE_MS = 60_000;
/** Between these a demo key's quota moves "randomly and without notice": half and twice what was seen. */
const [RANDOM_LEAST, RANDOM_MOST] = [4, 16];

export type Quota = 'key' | 'account';
/** How long IG's access tokens live, seconds. */
const LIFE_S = 60;
/** Calls a minute that do not trade (labs.ig.com, FAQ, second hand). */
const PUBLISHED: Readonly<Record<Quota, number>> = { key: 60, account: 30 };

export interface Quotas {
  /** Counts a call; says which quota it went over, if any. */
  spend(apiKey: string, username: string | undefined, isAuth: boolean): Quota | undefined;
  /** How many calls a minute each of them allows now; 0: any number. */
  inForce(): Readonly<Record<Quota, number>>;
  /** Whatever was called until now counts no more. */
  forget(): void;
}

/**
 * The quotas. Switches: `keyQuota` and `accountQuota` (calls in any 60 s; `published`: 60 and 30, but none where
 * `accessTtl` makes tokens that live for less than IG's, which are renewed more often than IG allows; 0 = none),
 * `demoQuota` (the key's quota while `environment` is `demo`: 0 = `keyQuota` counts, the default, as no document of
 * IG's has another number; a number, one client saw 8; or `random`, drawn anew every minute), `authCountsAgainst`
 * `key` | `account` | `both` | `none`: IG does not say which one a login or a refresh spends.
 */
export function makeQuotas(host: DialectHost): Quotas {
  const calls = new Map<string, readonly number[]>();
  let drawn = { minute: -1, max: 0 };

  const isOver = (bucket: string, max: number): boolean => {
    const now = host.clock.now();
    const recent = (calls.get(bucket) ?? []).filter((at) => at > now - MINUTE_MS);
    if (recent.length >= max) return true;
    calls.set(bucket, [...recent, now]);
    return false;
  };

  const set = (quota: Quota): number => {
    const value = switched(host, quota === 'key' ? 'keyQuota' : 'accountQuota');
    if (value !== 'published') return value;
    return switched(host, 'accessTtl') < LIFE_S ? 0 : PUBLISHED[quota];
  };
  const ofKey = (): number => {
    const isDemo = switched(host, 'environment') === 'demo';
    const demo = switched(host, 'demoQuota');
    if (!isDemo || demo === 0) return set('key');
    if (demo !== 'random') return demo;
    const minute = Math.floor(host.clock.now() / MINUTE_MS);
    if (drawn.minute !== minute) {
      const max = RANDOM_LEAST + Math.floor(host.random() * (RANDOM_MOST - RANDOM_LEAST + 1));
      drawn = { minute, max };
    }
    return drawn.max;
  };
  const ofAccount = (): number => set('account');

  const quotas = (isAuth: boolean): readonly Quota[] => {
    if (!isAuth) return ['key', 'account'];
    const against = switched(host, 'authCountsAgainst');
    return (['key', 'account'] as const).filter((quota) => against === quota || against === 'both');
  };

  return {
    spend: (apiKey, username, isAuth) =>
      quotas(isAuth).find((quota) => {
        const max = quota === 'key' ? ofKey() : ofAccount();
        if (max <= 0 || (quota === 'account' && username === undefined)) return false;
        return isOver(quota === 'key' ? `key ${apiKey}` : `account ${username ?? ''}`, max);
      }),
    inForce: () => ({ key: ofKey(), account: ofAccount() }),
    forget: () => {
      calls.clear();
    },
  };
}
