import type { BrokerCall } from '../broker-net.ts';
import { issuedIn, kindOf, wasTurnedAway } from '../truth.ts';
import type { World } from '../world.ts';
import { broken, nameOf } from './rules.ts';

interface Budget {
  readonly broker: string;
  readonly name: string;
  readonly calls: readonly ReturnType<typeof kindOf>[];
  readonly max: number;
  readonly windowMs: number;
  readonly per: 'network' | 'key' | 'user';
  readonly counts: 'every-call' | 'failures' | 'first-failures';
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const ig = { broker: 'ig', calls: ['sign-in', 'renewal', 'proof'], counts: 'every-call' } as const;
const igFailures = { windowMs: 15 * MINUTE_MS, per: 'network' } as const;
const upstox = {
  broker: 'upstox',
  calls: ['sign-in', 'proof', 'request'],
  per: 'user',
  counts: 'every-call',
} as const;
const tradovate = { broker: 'tradovate', windowMs: HOUR_MS, per: 'network' } as const;

/**
 * What the brokers' documents say, written down once more: the limits in the code are what is judged.
 * Tradovate: login 5 failures, renew 15 whatever comes of it, me 10 failures, of a network in an hour.
 * IG: 60 calls a minute of a key, 30 of an account. Upstox: 50 a second, 500 a minute, 2000 in half an hour.
 */
const budgets: readonly Budget[] = [
  { ...tradovate, name: 'failed logins', calls: ['sign-in'], max: 5, counts: 'failures' },
  // The service's own word: of the five, two are kept for logins that have worked. What a process that died was
  // answered is known to nobody.
  { ...tradovate, name: 'failed first logins', calls: ['sign-in'], max: 3, counts: 'first-failures' },
  { ...tradovate, name: 'renewals', calls: ['renewal'], max: 15, counts: 'every-call' },
  { ...tradovate, name: 'failed proofs', calls: ['proof'], max: 10, counts: 'failures' },
  // A careful guess, as nobody has published it, and the same shares.
  { ...ig, name: 'failed logins', calls: ['sign-in'], max: 5, ...igFailures, counts: 'failures' },
  { ...ig, name: 'failed first logins', calls: ['sign-in'], max: 3, ...igFailures, counts: 'first-failures' },
  { ...ig, name: 'calls of a key', max: 60, windowMs: MINUTE_MS, per: 'key' },
  { ...ig, name: 'calls of an account', max: 30, windowMs: MINUTE_MS, per: 'user' },
  { ...upstox, name: 'calls a second', max: 50, windowMs: SECOND_MS },
  { ...upstox, name: 'calls a minute', max: 500, windowMs: MINUTE_MS },
  { ...upstox, name: 'calls in half an hour', max: 2_000, windowMs: 30 * MINUTE_MS },
  // Each rings a person's phone: this one is the service's own word.
  { ...upstox, name: 'requests a day', calls: ['request'], max: 2, windowMs: 16 * HOUR_MS },
];

/** No budget of a broker is exceeded, as the broker counts. */
export function watchBudgets(world: World): { forget(): void; rearmed(name: string): void } {
  const windows = new Map<string, number[]>();
  /** Users whose login has worked, or that a person asked to try once more. */
  const vouchedFor = new Set<string>();
  const subjectOf = (call: BrokerCall, { per }: Budget): string | undefined => {
    if (per === 'network') return call.egress;
    return per === 'key' ? call.request.headers['x-ig-api-key'] : call.username;
  };
  const count = (call: BrokerCall, budget: Budget): void => {
    const subject = subjectOf(call, budget);
    if (subject === undefined) return;
    const key = `${call.broker} ${budget.name} ${subject}`;
    const recent = (windows.get(key) ?? []).filter((at) => at > call.startedAt - budget.windowMs);
    windows.set(key, [...recent, call.startedAt]);
    if (recent.length >= budget.max) {
      broken(
        `${call.broker}: ${recent.length + 1} ${budget.name} of ${subject} in ${budget.windowMs} ms, of ${budget.max}`,
      );
    }
  };
  world.onCall((call, what) => {
    const kind = kindOf(call);
    if (kind === 'sign-in' && what === 'answered' && issuedIn(call, 0).length > 0)
      vouchedFor.add(call.username ?? '');
    for (const budget of budgets) {
      if (budget.broker !== call.broker || !budget.calls.includes(kind)) continue;
      if (budget.counts === 'every-call' && what === 'arrived') count(call, budget);
      const isFailure = call.fault === undefined && (call.answer?.status ?? 0) < 500 && !isSuccess(call);
      if (budget.counts === 'failures' && what === 'answered' && isFailure) count(call, budget);
      const isFirst = !vouchedFor.has(call.username ?? '');
      if (budget.counts === 'first-failures' && what === 'delivered' && isFailure && isFirst)
        count(call, budget);
    }
  });
  return {
    forget: () => windows.clear(),
    /** Who changed or allowed something is let in past what first logins may. */
    rearmed(name) {
      const username = world.entries().find((each) => nameOf(each) === name)?.username;
      if (typeof username === 'string') vouchedFor.add(username);
    },
  };
}

function isSuccess(call: BrokerCall): boolean {
  const kind = kindOf(call);
  return kind === 'proof' ? call.answer?.status === 200 : issuedIn(call, 0).length > 0 || wasTurnedAway(call);
}
