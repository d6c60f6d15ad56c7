import type { Broker } from '../core/broker.ts';
import type { Limit } from '../core/limit.ts';
import { ConfigurationError } from '../core/errors.ts';
import { limitsWith } from '../core/limits.ts';

/**
 * The limits of every broker with the numbers that settings give them. Throws ConfigurationError with
 * every number that is none.
 */
export function readLimits(
  brokers: readonly Broker[],
  setting: (variable: string) => string | undefined,
): (broker: string) => readonly Limit[] {
  const read = brokers.map((broker) => [broker.name, limitsWith(broker.limits, setting)] as const);
  const faults = read.flatMap(([, limits]) => ('faults' in limits ? limits.faults : []));
  if (faults.length > 0) throw new ConfigurationError(faults);
  const byBroker = new Map(read.flatMap(([name, limits]) => ('faults' in limits ? [] : [[name, limits]])));
  return (broker) => byBroker.get(broker) ?? [];
}
