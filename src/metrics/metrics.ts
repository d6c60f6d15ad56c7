import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { makeGauges } from './gauges.ts';
import type { Picture } from './picture.ts';
import { makeTallies, type Tallies } from './tallies.ts';

export interface Metrics extends Tallies {
  readonly contentType: string;
  /** Prometheus' text; without account names unless they are asked for. */
  text(): Promise<string>;
}

/** The metrics of this process and of the Redis it works on; docs/operating.md lists them. */
export function makeMetrics(
  look: () => Promise<Picture>,
  options: {
    readonly accountLabels: boolean;
    readonly version: string;
    /** True where what must outlive a loss of Redis can be kept. */
    readonly stateFolderWorks: () => boolean;
  },
): Metrics {
  const registry = new Registry();
  // When it started, its memory, its files, how busy it is.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  new Gauge({
    name: 'token_refresher_build_info',
    help: 'Always 1; the version is in the label.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: options.version }, 1);
  new Gauge({
    name: 'state_dir_up',
    help: '0 while what must outlive a loss of Redis cannot be kept in STATE_DIR, else 1.',
    registers: [registry],
    collect() {
      this.set(options.stateFolderWorks() ? 1 : 0);
    },
  });
  const tallies = makeTallies(registry);
  const gauges = makeGauges(registry, options);
  return {
    ...tallies,
    contentType: registry.contentType,
    async text() {
      gauges.show(await look().catch(() => undefined));
      return registry.metrics();
    },
  };
}
