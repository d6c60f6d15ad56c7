import type { Reader } from './reader.ts';
import { readTls, type Tls } from './tls.ts';
import { commaSeparated, flag, matching, parseUrl, wholeNumber, type Parse, type Parsed } from './values.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface RedisLogin {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  /** False: not encrypted. */
  readonly tls: false | Tls;
}

/** How to ask the sentinels, who have users and certificates of their own. */
export interface SentinelLogin {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: false | Tls;
}

/** The Redis to fill. A URL and host parts say the same and come out as the same `server`. */
export type RedisTarget =
  | ({ readonly kind: 'server' } & Endpoint & RedisLogin)
  | ({
      readonly kind: 'sentinels';
      readonly sentinels: readonly Endpoint[];
      readonly name: string;
      readonly sentinelLogin: SentinelLogin;
    } & RedisLogin)
  /** A private one; `port` undefined: 6379 or the next free one. */
  | { readonly kind: 'embedded'; readonly port: number | undefined };

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
const port = wholeNumber(1, 65_535);
const database = wholeNumber(0, 65_535);
const ways = ['REDIS_URL', 'REDIS_HOST', 'REDIS_SENTINELS'] as const;

/** Which Redis the settings name; undefined, with the fault noted, where they name none or several. */
export function readRedisTarget(reader: Reader): RedisTarget | undefined {
  const embeddedPort = reader.read('EMBEDDED_REDIS_PORT', undefined, port);
  const named = ways.filter((way) => reader.sourceOf(way) !== undefined);
  // A way that the process names overrules another one in ENV_FILE.
  const byProcess = named.filter((way) => reader.sourceOf(way) === 'process');
  const chosen = byProcess.length > 0 ? byProcess : named;
  if (chosen.length > 1) {
    reader.wrong(chosen.join(' and '), 'name a Redis each: keep one');
    return undefined;
  }
  switch (chosen[0]) {
    case 'REDIS_URL':
      return readUrl(reader, embeddedPort);
    case 'REDIS_HOST':
      return readServer(reader);
    case 'REDIS_SENTINELS':
      return readSentinels(reader);
    default:
      reader.wrong(
        'REDIS_URL',
        'no Redis is named: set REDIS_URL=redis://HOST:6379 to fill yours, or REDIS_URL=embedded for a private one',
      );
      return undefined;
  }
}

function readUrl(reader: Reader, embeddedPort: number | undefined): RedisTarget | undefined {
  const target = reader.read('REDIS_URL', undefined, redisUrl(embeddedPort));
  if (target?.kind !== 'server') return target;
  if (target.tls) return { ...target, tls: readTls(reader) };
  // Said, not obeyed: a password that was meant to be encrypted would travel in clear.
  if (reader.read('REDIS_TLS', false, flag))
    reader.wrong('REDIS_TLS', 'is 1, but REDIS_URL begins with redis://: write rediss://');
  return target;
}

/** The address that a text names, as in REDIS_URL; not `embedded`. */
export function parseRedisUrl(text: string): Extract<RedisTarget, { kind: 'server' }> | undefined {
  const parsed = redisUrl(undefined)(text);
  return 'value' in parsed && parsed.value.kind === 'server' ? parsed.value : undefined;
}

function redisUrl(embeddedPort: number | undefined): Parse<RedisTarget> {
  return (text): Parsed<RedisTarget> => {
    if (text.trim().toLowerCase() === 'embedded') return { value: { kind: 'embedded', port: embeddedPort } };
    const url = parseUrl(text);
    const db = url && /^\/?(\d{0,5})$/.exec(url.pathname)?.[1];
    const username = url && decoded(url.username);
    const password = url && decoded(url.password);
    const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:';
    if (
      !isRedis ||
      !url.hostname ||
      db === undefined ||
      url.hash ||
      username === undefined ||
      password === undefined
    ) {
      return {
        wrong:
          'must be redis://user:password@host:port/db (rediss:// for TLS) or embedded; write special characters of the password as %XX',
      };
    }
    return {
      value: {
        kind: 'server',
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? REDIS_PORT : Number(url.port),
        username: username || undefined,
        password: password || undefined,
        db: Number(db),
        tls: url.protocol === 'rediss:' && {},
      },
    };
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const hostName = matching(/^[^\s/@]+$/, 'must be a host name or an address, without a scheme or a port');

function readServer(reader: Reader): RedisTarget | undefined {
  const host = reader.read('REDIS_HOST', undefined, hostName);
  const login = readLogin(reader);
  const at = reader.read('REDIS_PORT', REDIS_PORT, port);
  return host === undefined ? undefined : { kind: 'server', host, port: at, ...login };
}

function readSentinels(reader: Reader): RedisTarget | undefined {
  const sentinels = reader.read('REDIS_SENTINELS', undefined, endpoints);
  const name = reader.text('REDIS_SENTINEL_NAME');
  const login = readLogin(reader);
  if (name === undefined)
    reader.wrong('REDIS_SENTINEL_NAME', 'is missing: the name the sentinels know the master by');
  // Encrypted like the rest, unless somebody says otherwise.
  const encrypted = reader.read('REDIS_SENTINEL_TLS', login.tls !== false, flag);
  const sentinelLogin = {
    username: reader.text('REDIS_SENTINEL_USERNAME'),
    password: reader.text('REDIS_SENTINEL_PASSWORD'),
    tls: encrypted && (login.tls || readTls(reader)),
  };
  return sentinels && name !== undefined
    ? { kind: 'sentinels', sentinels, name, sentinelLogin, ...login }
    : undefined;
}

function readLogin(reader: Reader): RedisLogin {
  return {
    username: reader.text('REDIS_USERNAME'),
    password: reader.text('REDIS_PASSWORD'),
    db: reader.read('REDIS_DB', 0, database),
    tls: reader.read('REDIS_TLS', false, flag) && readTls(reader),
  };
}

const endpoints: Parse<readonly Endpoint[]> = (text) => {
  const value = commaSeparated(text).map(endpoint);
  const good = value.filter((each) => each !== undefined);
  return good.length > 0 && good.length === value.length
    ? { value: good }
    : { wrong: 'must be host:port, several separated by commas' };
};

function endpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-f:.]+)\]|([^\s/@:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const at = digits === undefined ? SENTINEL_PORT : Number(digits);
  return host !== undefined && at >= 1 && at <= 65_535 ? { host, port: at } : undefined;
}
