import type { DialectHost } from '../../core/dialect.ts';

const MINUTE_MS = 60_000;
/** Between these a demo key's quota moves "randomly and without notice": half and twice what was seen. */
const [RANDOM_LEAST, RANDOM_MOST] = [4, 16];

export type Quota = 'key' | 'account';

export interface Quotas {
  /** Counts a call; says which quota it went over, if any. */
  spend(apiKey: string, username: string | undefined, isAuth: boolean): Quota | undefined;
}

/**
 * The quotas. Switches: `keyQuota` and `accountQuota` (calls in any 60 s; 0 = none, the default, because the
 * simulator is also run on tokens that live for seconds; published are 60 and 30), `demoQuota` (the key's
 * quota while `environment` is `demo`: a number, seen was 8, or `random`, drawn anew every minute; 0 = `keyQuota`
 * counts), `authCountsAgainst` `key` | `account` | `both` | `none`: IG does not say which one a login or a
 * refresh spends.
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

  const ofKey = (): number => {
    const isDemo = host.switch<string>('environment', 'demo') === 'demo';
    const demo = host.switch<number | string>('demoQuota', 0);
    if (!isDemo || Number(demo) === 0) return Number(host.switch<number | string>('keyQuota', 0));
    if (demo !== 'random') return Number(demo);
    const minute = Math.floor(host.clock.now() / MINUTE_MS);
    if (drawn.minute !== minute) {
      const max = RANDOM_LEAST + Math.floor(host.random() * (RANDOM_MOST - RANDOM_LEAST + 1));
      drawn = { minute, max };
    }
    return drawn.max;
  };
  const ofAccount = (): number => Number(host.switch<number | string>('accountQuota', 0));

  const quotas = (isAuth: boolean): readonly Quota[] => {
    if (!isAuth) return ['key', 'account'];
    const against = host.switch<string>('authCountsAgainst', 'key');
    return (['key', 'account'] as const).filter((quota) => against === quota || against === 'both');
  };

  return {
    spend: (apiKey, username, isAuth) =>
      quotas(isAuth).find((quota) => {
        const max = quota === 'key' ? ofKey() : ofAccount();
        if (max <= 0 || (quota === 'account' && username === undefined)) return false;
        return isOver(quota === 'key' ? `key ${apiKey}` : `account ${username ?? ''}`, max);
      }),
  };
}
