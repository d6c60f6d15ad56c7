import type { Config } from '../config/index.ts';
import type { Log } from '../core/log.ts';

/** A setting that is read and does nothing yet is said: nobody shall wait for what does not come. */
export function warnOfUnserved(config: Config, log: Log): void {
  const settings: Readonly<Record<string, unknown>> = {
    PUBLIC_HTTP_PORT: config.publicPort,
    METRICS_ACCOUNT_LABELS: config.metricsAccountLabels || undefined,
  };
  for (const [setting, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    log.warn(
      { event: 'setting.unserved', setting },
      `${setting} is set, but this version does nothing with it yet.`,
    );
  }
}
