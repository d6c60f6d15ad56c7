import { resolve } from 'node:path';
import { ConfigurationError, type Fault } from '../core/errors.ts';
import { readAlertTimes, readChannels, type AlertTimes, type Channels } from './channels.ts';
import { openHolidays, type Holidays } from './holidays.ts';
import { makeReader, type Reader } from './reader.ts';
import { readRedisTarget, type RedisTarget } from './redis.ts';
import { openSettings, type Scope, type Settings, type Surroundings } from './settings.ts';
import {
  flag,
  hostNames,
  listeningPort,
  matching,
  oneOf,
  secretKeys,
  trustProxy,
  webAddress,
  webBase,
  wholeNumber,
  type TrustProxy,
} from './values.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Enough of the configuration to look for further faults where it has some itself. */
export interface Basis {
  /** A setting of somebody else's (a broker's, or one that the credentials file names). See `Settings.get`. */
  readonly setting: (variable: string) => string | undefined;
  /** Absolute. */
  readonly credentialsFile: string;
  /** Absolute; see `prepareStateDir`. */
  readonly stateDir: string;
  /** The days that HOLIDAYS_FILE lists, none without it. */
  readonly holidays: Holidays;
  /** Every file read so far for a setting, ENV_FILE first; grows while `setting` meets `NAME_FILE`s. */
  readonly filesRead: () => readonly string[];
}

/** Everything the environment says, checked. Holds secrets: never logged whole. */
export interface Config extends Basis {
  readonly redis: RedisTarget;
  readonly allowEviction: boolean;
  /** Logins under way at once, per broker and process. */
  readonly workerConcurrency: number;
  /** Longest TTL, seconds, of the keys of brokers that have such a cap. */
  readonly tokenTtlSeconds: number;
  /** Sealing keys as they were written, the first seals; undefined: one is made in the state folder. */
  readonly secretKeys: readonly string[] | undefined;
  /** Undefined: one is made in the state folder. */
  readonly adminToken: string | undefined;
  readonly http: { readonly host: string; readonly port: number };
  /** The second listener, for the outside; undefined: none. */
  readonly publicPort: number | undefined;
  readonly trustProxy: TrustProxy;
  /** Further names by which browsers may come; `.name` for all below it. */
  readonly allowedHosts: readonly string[];
  /** What links begin with, without a slash at its end; undefined: `http://localhost:` and the port listened on. */
  readonly publicUrl: string | undefined;
  /** Where people come to the page, where that is another address. */
  readonly pageUrl: string | undefined;
  readonly alerts: Channels;
  readonly alertTimes: AlertTimes;
  /** Called while all is well; undefined: none. */
  readonly heartbeatUrl: string | undefined;
  readonly egressId: string;
  readonly logLevel: (typeof logLevels)[number];
  readonly metricsAccountLabels: boolean;
  readonly simulate: boolean;
}

export interface Inspection {
  readonly basis: Basis;
  /** Undefined where there are faults. */
  readonly config: Config | undefined;
  readonly faults: readonly Fault[];
}

/**
 * Reads the whole configuration. Throws one `ConfigurationError` with every fault; no message holds
 * a value.
 */
export function readConfig(from: Surroundings, scope?: Scope): Config {
  const { config, faults } = inspectConfig(from, scope);
  if (!config) throw new ConfigurationError(faults);
  return config;
}

/** As `readConfig`, for who has faults of other things to say in the same message. */
export function inspectConfig(from: Surroundings, scope?: Scope): Inspection {
  const opened = openSettings(from, scope);
  const { settings } = opened;
  const reader = makeReader(settings);
  const basis = readBasis(reader, settings, from);
  const redis = readRedisTarget(reader);
  const rest = readRest(reader);
  const faults = [...opened.faults, ...reader.faults];
  const config = redis && faults.length === 0 ? deepFreeze({ ...basis, redis, ...rest }) : undefined;
  return { basis, config, faults };
}

function readBasis(reader: Reader, settings: Settings, { folder, readText }: Surroundings): Basis {
  const named = reader.text('HOLIDAYS_FILE');
  const holidaysFile = named === undefined ? undefined : resolve(folder, named);
  const opened = openHolidays(holidaysFile, readText);
  for (const { at, message } of opened.faults) reader.wrong(at, message);
  return {
    setting: (variable) => settings.get(variable),
    credentialsFile: resolve(folder, reader.text('CREDENTIALS_FILE') ?? 'credentials.json'),
    stateDir: resolve(folder, reader.text('STATE_DIR') ?? 'data'),
    holidays: opened.holidays,
    filesRead: () => [...settings.filesRead(), ...(holidaysFile === undefined ? [] : [holidaysFile])],
  };
}

function readRest(reader: Reader): Omit<Config, keyof Basis | 'redis'> {
  const http = {
    host: reader.read('HTTP_HOST', '127.0.0.1', matching(/^[\w.:%-]+$/, 'must be an address or a host name')),
    port: reader.read('HTTP_PORT', 8000, listeningPort),
  };
  const publicPort = reader.read('PUBLIC_HTTP_PORT', undefined, listeningPort);
  if (publicPort !== undefined && publicPort !== 0 && publicPort === http.port) {
    reader.wrong('PUBLIC_HTTP_PORT', 'is the same as HTTP_PORT: the listener for the outside needs its own');
  }
  return {
    allowEviction: reader.read('ALLOW_EVICTION', false, flag),
    workerConcurrency: reader.read('WORKER_CONCURRENCY', 10, wholeNumber(1, 1000)),
    tokenTtlSeconds: reader.read('TOKEN_TTL_SECONDS', 3600, wholeNumber(1, 31_536_000)),
    secretKeys: reader.read('SECRET_KEY', undefined, secretKeys),
    adminToken: reader.read(
      'ADMIN_TOKEN',
      undefined,
      // It travels in a header: what a header cannot carry would never match.
      matching(/^[\x21-\x7e]+$/, 'must be letters, digits and signs of ASCII, without spaces'),
    ),
    http,
    publicPort,
    trustProxy: reader.read('TRUST_PROXY', false, trustProxy),
    allowedHosts: reader.read('ALLOWED_HOSTS', [], hostNames),
    publicUrl: reader.read('PUBLIC_URL', undefined, webBase),
    pageUrl: reader.read('PAGE_URL', undefined, webBase),
    alerts: readChannels(reader),
    alertTimes: readAlertTimes(reader),
    heartbeatUrl: reader.read('HEARTBEAT_URL', undefined, webAddress),
    egressId: reader.read(
      'EGRESS_ID',
      'default',
      matching(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores'),
    ),
    logLevel: reader.read('LOG_LEVEL', 'info', oneOf(logLevels)),
    metricsAccountLabels: reader.read('METRICS_ACCOUNT_LABELS', false, flag),
    simulate: reader.read('SIMULATE', false, flag),
  };
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
