import { brokers } from '../../../src/brokers/index.ts';
import type { BrokerCall } from '../broker-net.ts';
import { kindOf, wasTurnedAway } from '../truth.ts';
import type { World } from '../world.ts';
import { broken, SLACK_MS } from './rules.ts';

/** No refresh token and no code in two calls, unless the broker did not look at the first one. */
export function watchSpending(world: World): { forget(): void } {
  const spent = new Map<string, number>();
  world.onCall((call, what) => {
    if (what !== 'arrived' || call.spends === undefined) return;
    const secret = `${call.broker} ${call.spends}`;
    const before = spent.get(secret);
    const first = before === undefined ? undefined : world.calls()[before - 1];
    if (first && !(wasTurnedAway(first) && first.deliveredAt !== undefined)) {
      broken(
        `the single-use secret of ${call.broker} ${call.operation} ${call.username} was sent twice: calls ${first.n} and ${call.n}`,
      );
    }
    spent.set(secret, call.n);
  });
  return { forget: () => spent.clear() };
}

/** At most one process calls for a login at a time, unless the other one was killed, stopped or robbed of its lease. */
export function watchFlights(world: World): { forget(): void } {
  const flights = new Map<string, BrokerCall>();
  world.onCall((call, what) => {
    const kind = kindOf(call);
    if (call.username === undefined || kind === undefined) return;
    const login = `${call.broker} ${call.username}`;
    const other = flights.get(login);
    if (what === 'delivered' && other?.n === call.n) flights.delete(login);
    if (what !== 'arrived') return;
    flights.set(login, call);
    if (!other || other.by === call.by) return;
    const holder = world.replicas().find(({ life }) => life.name === other.by)?.life;
    const timeoutMs = brokers.find(({ name }) => name === call.broker)?.policy.timeoutMs ?? 0;
    // Who was stopped may have lost the lease, and who waits longer has given the call up.
    const isUnderWay =
      holder !== undefined &&
      holder.pausedLastAt() < other.startedAt - timeoutMs &&
      call.startedAt - other.startedAt < timeoutMs - SLACK_MS;
    if (isUnderWay && !hasBrokenOff(other)) {
      broken(
        `${call.by} called ${call.broker} for ${call.username} while ${other.by} did: calls ${other.n} and ${call.n}`,
      );
    }
  });
  return { forget: () => flights.clear() };
}

/** True where no answer of the call is coming any more, and its caller knows. */
const hasBrokenOff = ({ fault }: BrokerCall): boolean =>
  fault !== undefined && !['stall', 'slow', 'trickle'].includes(fault);
