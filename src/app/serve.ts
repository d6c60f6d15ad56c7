import { brokers } from '../brokers/index.ts';
import type { Config } from '../config/index.ts';
import type { Limit } from '../core/limit.ts';
import { startHttp, type HttpOptions, type HttpServer } from '../http/server.ts';
import type { VainReports } from '../tending/vain-reports.ts';
import type { Accounts } from './accounts.ts';
import { brokerNamed } from './engine.ts';
import { remarks } from './notifiers.ts';
import { shownSettings } from './shown-settings.ts';

export interface ServeParts extends Pick<
  HttpOptions,
  'desk' | 'metrics' | 'publicUrl' | 'pageUrl' | 'adminToken' | 'log' | 'clock' | 'version'
> {
  readonly accounts: Pick<Accounts, 'all'>;
  readonly vainReports: Pick<VainReports, 'remarks'>;
  readonly limits: (broker: string) => readonly Limit[];
  /** Host and db, for people. */
  readonly redis: string;
}

/** Serves pages and API as the configuration says. */
export function serve(config: Config, parts: ServeParts): Promise<HttpServer> {
  const { accounts, vainReports, limits, redis, ...rest } = parts;
  return startHttp({
    ...rest,
    host: config.http.host,
    port: config.http.port,
    publicPort: config.publicPort,
    trustProxy: config.trustProxy,
    allowedHosts: config.allowedHosts,
    titleOf: (name) => brokerNamed(name).title,
    remarks: () => [...remarks(config, accounts.all()), ...vainReports.remarks()],
    settings: shownSettings(config, {
      redis,
      publicUrl: parts.publicUrl,
      pageUrl: parts.pageUrl,
      brokers,
      limits,
    }),
  });
}
