import type { Config } from '../config/index.ts';
import type { Broker } from '../core/broker.ts';
import type { Limit } from '../core/limit.ts';

/** A setting as people may see it. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string;
}

/** The settings in force, for people: of a secret no more than whether it is set. */
export function shownSettings(
  config: Config,
  known: {
    readonly redis: string;
    readonly publicUrl: string;
    readonly pageUrl: string;
    readonly brokers: readonly Broker[];
    readonly limits: (broker: string) => readonly Limit[];
  },
): readonly ShownSetting[] {
  const { alerts, http } = config;
  const numbers = known.brokers.flatMap((broker) =>
    known.limits(broker.name).map(({ variable, max }): [string, string] => [variable, String(max)]),
  );
  const named: readonly (readonly [string, string])[] = [
    ['CREDENTIALS_FILE', config.credentialsFile],
    ['STATE_DIR', config.stateDir],
    ['Redis', known.redis],
    ['WORKER_CONCURRENCY', String(config.workerConcurrency)],
    ['TOKEN_TTL_SECONDS', String(config.tokenTtlSeconds)],
    ['SECRET_KEY', setOr(config.secretKeys, 'in STATE_DIR')],
    ['ADMIN_TOKEN', setOr(config.adminToken, 'in STATE_DIR')],
    ['HTTP_HOST, HTTP_PORT', `${http.host}, ${http.port}`],
    ['PUBLIC_HTTP_PORT', config.publicPort === undefined ? 'none' : String(config.publicPort)],
    ['PUBLIC_URL', known.publicUrl],
    ['PAGE_URL', known.pageUrl],
    ['TRUST_PROXY', String(config.trustProxy)],
    ['ALLOWED_HOSTS', config.allowedHosts.join(', ') || 'none'],
    ['DISCORD_WEBHOOK_URL', setOr(alerts.discord, 'none')],
    ['ALERT_WEBHOOK_URL', setOr(alerts.webhook, 'none')],
    ['SMTP_URL, ALERT_EMAIL_TO', setOr(alerts.mail, 'none')],
    ['HEARTBEAT_URL', setOr(config.heartbeatUrl, 'none')],
    ['EGRESS_ID', config.egressId],
    ['ALLOW_EVICTION', onOff(config.allowEviction)],
    ['METRICS_ACCOUNT_LABELS', onOff(config.metricsAccountLabels)],
    ['SIMULATE', onOff(config.simulate)],
    ['LOG_LEVEL', config.logLevel],
    ...new Map(numbers),
  ];
  return named.map(([name, value]) => ({ name, value }));
}

const setOr = (value: unknown, otherwise: string): string => (value === undefined ? otherwise : 'set');
const onOff = (value: boolean): string => (value ? 'on' : 'off');
