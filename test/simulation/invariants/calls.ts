import { brokers } from '../../../src/brokers/index.ts';
import type { BrokerCall } from '../broker-net.ts';
import { kindOf, wasTurnedAway } from '../truth.ts';
import type { World } from '../world.ts';
import { broken, strictest, type InvariantOptions } from './rules.ts';

/** A call's deadline counts from when it was sent, and it arrives so much later at most, ms. */
const UNDER_WAY_MS = 200;
/** From the note of an attempt to the arrival of its call, at most, ms. */
const ON_ITS_WAY_MS = 500;

/** No refresh token and no code in two calls, unless the broker did not look at the first one. */
export function watchSpending(
  world: World,
  options: Pick<InvariantOptions, 'factsOutliveRedis'> = strictest,
): {
  /** What was written from then on is lost. */
  rolledBack(from: number): void;
} {
  const spent = new Map<string, number>();
  const lost: { readonly from: number; readonly until: number }[] = [];
  const excused = new Set<string>();
  /** Another process sent it in seconds that Redis forgot, and told nobody whose disk is another one. */
  const isExcused = (secret: string, first: BrokerCall, call: BrokerCall): boolean => {
    const wasLost = lost.some(({ from, until }) => first.startedAt >= from && first.startedAt <= until);
    if (options.factsOutliveRedis || first.by === call.by || !wasLost || excused.has(secret)) return false;
    excused.add(secret);
    return true;
  };
  world.onCall((call, what) => {
    if (what !== 'arrived' || call.spends === undefined) return;
    const secret = `${call.broker} ${call.spends}`;
    const before = spent.get(secret);
    const first = before === undefined ? undefined : world.calls()[before - 1];
    const wasLookedAt = first && !(wasTurnedAway(first) && first.deliveredAt !== undefined);
    if (wasLookedAt && !isExcused(secret, first, call)) {
      broken(
        `the single-use secret of ${call.broker} ${call.operation} ${call.username} was sent twice: calls ${first.n} and ${call.n}`,
      );
    }
    spent.set(secret, call.n);
  });
  return { rolledBack: (from) => void lost.push({ from, until: world.now() + ON_ITS_WAY_MS }) };
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
      call.startedAt - other.startedAt < timeoutMs - UNDER_WAY_MS;
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
