import type { Redis } from 'ioredis';
import type { Config } from '../config/index.ts';
import type { Broker } from '../core/broker.ts';
import type { Limit } from '../core/limit.ts';
import { systemElapsed, type Clock } from '../core/clock.ts';
import { startCensus } from '../metrics/census.ts';
import { makeMetrics, type Metrics } from '../metrics/metrics.ts';
import type { Mirror } from '../mirror/index.ts';
import type { Seal } from '../redis/seal.ts';
import type { Accounts } from './accounts.ts';
import type { Engine } from './engine.ts';
import { measure } from './measures.ts';
import type { Releases } from './releases.ts';
import { rollCall } from './roll-call.ts';

export interface MeteringParts {
  readonly config: Config;
  readonly redis: Redis;
  readonly seal: Seal;
  readonly accounts: Accounts;
  readonly brokers: readonly Broker[];
  readonly limits: (broker: string) => readonly Limit[];
  readonly isHoliday: (day: string, zone: string) => boolean;
  readonly clock: Clock;
  readonly mirror: Pick<Mirror, 'health'>;
  readonly version: string;
  /** Counts what it does itself, and so is made later. */
  readonly engine: () => Pick<Engine, 'alerts'>;
}

/** What is measured of this process, and of the Redis it works on. */
export function startMetering(parts: MeteringParts, releases: Releases): Metrics {
  const { config, redis, accounts, isHoliday, clock, seal, brokers, limits } = parts;
  const metrics = makeMetrics(
    () =>
      measure({
        ...{ redis, census, brokers, limits, clock },
        channels: () => parts.engine().alerts.channels(),
        accounts: accounts.all,
        keyOf: (key) => seal.fingerprint(['key', key]),
        egress: config.egressId,
      }),
    {
      accountLabels: config.metricsAccountLabels,
      version: parts.version,
      stateFolderWorks: () => parts.mirror.health() === undefined,
    },
  );
  const census = startCensus({
    read: () => rollCall({ redis, accounts: accounts.all(), isHoliday, clock }),
    keepAccounts: config.metricsAccountLabels,
    passed: metrics.passed,
    clock,
    elapsed: systemElapsed,
  });
  releases.add(() => census.stop());
  return metrics;
}
