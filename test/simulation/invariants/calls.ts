import { brokers } from '../../../src/brokers/index.ts';
import type { BrokerCall } from '../broker-net.ts';
import { kindOf, wasTurnedAway } from '../truth.ts';
import type { SimulatedDisk } from '../disk.ts';
import type { Replica } from '../replica.ts';
import type { World } from '../world.ts';
import { broken, strictest, type InvariantOptions } from './rules.ts';

/** A call's deadline counts from when it was sent, and it arrives so much later at most, ms. */
const UNDER_WAY_MS = 200;
/** From the note of an attempt to the arrival of its call, at most, ms. */
const ON_ITS_WAY_MS = 500;
/** No look begins for so long after Redis came back: who lives until then has put back what it knows, ms. */
const PUT_BACK_MS = 2_500;

/** What counts of a process when somebody sends what it sent. */
interface Known {
  readonly disk: SimulatedDisk;
  /** When it died, and since when Redis could be reached by then (ms). */
  died?: { readonly at: number; readonly backSince: number };
}

/** What is watched of a world for it. */
export interface Spenders extends Pick<World, 'now' | 'calls' | 'onCall' | 'onStep'> {
  replicas(): readonly Pick<Replica, 'life' | 'disk'>[];
  readonly redisNet: Pick<World['redisNet'], 'lastCut'>;
}

/** No refresh token and no code in two calls, unless the broker did not look at the first one. */
export function watchSpending(
  world: Spenders,
  options: Pick<InvariantOptions, 'factsOutliveRedis'> = strictest,
): {
  /** What was written from then on is lost. */
  rolledBack(from: number): void;
} {
  const spent = new Map<string, number>();
  const lost: { readonly from: number; readonly until: number; readonly at: number }[] = [];
  const excused = new Set<string>();
  const processes = new Map<string, Known>();
  world.onStep(() => {
    for (const { life, disk } of world.replicas()) {
      if (processes.has(life.name)) continue;
      const known: Known = { disk };
      processes.set(life.name, known);
      life.onDeath(() => {
        known.died = { at: world.now(), backSince: world.redisNet.lastCut().until };
      });
    }
  });
  /**
   * Another process sent it in seconds that Redis forgot, died before it could put back what it got for it, and told
   * nobody whose disk is another one.
   */
  const isExcused = (secret: string, first: BrokerCall, call: BrokerCall): boolean => {
    if (options.factsOutliveRedis || excused.has(secret)) return false;
    const loss = lost.find(({ from, until }) => first.startedAt >= from && first.startedAt <= until);
    const sender = processes.get(first.by);
    if (!loss || !sender?.died || sender.disk === processes.get(call.by)?.disk) return false;
    const { at, backSince } = sender.died;
    if (at > Math.max(loss.at, backSince) + PUT_BACK_MS) return false;
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
  return {
    rolledBack(from) {
      const at = world.now();
      lost.push({ from, until: at + ON_ITS_WAY_MS, at });
    },
  };
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
