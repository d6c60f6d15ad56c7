import { brokers } from '../../../src/brokers/index.ts';
import type { Limit } from '../../../src/core/broker.ts';
import type { BrokerCall } from '../broker-net.ts';
import { issuedIn, kindOf, wasTurnedAway } from '../truth.ts';
import type { World } from '../world.ts';
import { broken } from './rules.ts';

/** No budget of a broker is exceeded, as the broker counts. */
export function watchBudgets(world: World): { forget(): void } {
  const windows = new Map<string, number[]>();
  const limitsOf = (call: BrokerCall): readonly Limit[] => {
    const kind = kindOf(call);
    const limits = brokers.find(({ name }) => name === call.broker)?.limits ?? [];
    return kind === undefined ? [] : limits.filter((limit) => limit.calls.includes(kind));
  };
  const subjectOf = (call: BrokerCall, limit: Limit): string | undefined => {
    if (limit.per === 'egress') return call.egress;
    return limit.per === 'key' ? call.request.headers['x-ig-api-key'] : call.username;
  };
  const count = (call: BrokerCall, limit: Limit): void => {
    const subject = subjectOf(call, limit);
    if (subject === undefined) return;
    const key = `${call.broker} ${limit.name} ${subject}`;
    const recent = (windows.get(key) ?? []).filter((at) => at > call.startedAt - limit.windowMs);
    windows.set(key, [...recent, call.startedAt]);
    if (recent.length >= limit.max) {
      broken(
        `the budget ${limit.name} of ${call.broker} was exceeded: ${recent.length + 1} in ${limit.windowMs} ms, of ${limit.max}`,
      );
    }
  };
  world.onCall((call, what) => {
    for (const limit of limitsOf(call)) {
      if (limit.counts === 'every-call' && what === 'arrived') count(call, limit);
      const isRefused = what === 'answered' && call.fault === undefined && (call.answer?.status ?? 0) < 500;
      if (limit.counts === 'failures' && isRefused && !isSuccess(call)) count(call, limit);
    }
  });
  return { forget: () => windows.clear() };
}

function isSuccess(call: BrokerCall): boolean {
  const kind = kindOf(call);
  return kind === 'proof' ? call.answer?.status === 200 : issuedIn(call, 0).length > 0 || wasTurnedAway(call);
}
