import type {
  BrokerIo,
  Call,
  Connection,
  Http,
  HttpAnswer,
  HttpRequest,
  RawEntry,
} from '../../../../src/core/broker.ts';
import type { DialectHost, DialectRequest } from '../../../../src/core/dialect.ts';
import type { Clock } from '../../../../src/core/clock.ts';
import { BrokerError } from '../../../../src/core/errors.ts';
import { ig } from '../../../../src/brokers/ig/index.ts';
import { igDialect } from '../../../../src/brokers/ig/simulator.ts';

export const START = Date.UTC(2026, 0, 15, 12);
export const call: Call = { signal: new AbortController().signal };

export const entry: RawEntry = { username: 'desk_one', password: 'made-up', apiKey: 'key-demo-1' };

/** A repeatable stand-in for chance (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function answerOf(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status, headers, body: text, json };
}

export interface Bench {
  readonly clock: Clock & { at: number };
  /** Every request that left, in order. */
  readonly sent: HttpRequest[];
  /** The refresh tokens that came in, in order. */
  readonly spent: string[];
  /** Answers that jump the queue before the dialect: the next calls get these, errors are thrown, `real` is the dialect's turn. */
  readonly scripted: (HttpAnswer | BrokerError | 'real')[];
  connect(changes?: RawEntry): Connection;
  command(name: string, argument?: string): unknown;
  raw(request: Partial<DialectRequest>): Promise<HttpAnswer>;
}

const lowerCased = (headers: HttpRequest['headers'] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** Nothing here takes time: a sleep ends only when it is not needed any more. */
const untilAborted: Clock['sleep'] = (_delayMs, signal) =>
  new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));

/** The adapter against its own dialect, with no socket between them. */
export function makeBench(
  switches: Record<string, unknown> = {},
  settings: Readonly<Record<string, string>> = {},
): Bench {
  const clock = { at: START, now: () => clock.at, sleep: untilAborted };
  const host: DialectHost = {
    clock,
    random: seeded(7),
    accepts: (_username, password) => !password.includes('wrong'),
    // The seam's own promise: a switch that is set has the type its reader asks for.
    switch: <T>(name: string, byDefault: T): T => (name in switches ? (switches[name] as T) : byDefault),
    baseUrl: () => 'http://127.0.0.1:9/gateway/deal',
    post: () => undefined,
  };
  const dialect = igDialect(host);
  const sent: HttpRequest[] = [];
  const scripted: (HttpAnswer | BrokerError | 'real')[] = [];
  const spent: string[] = [];

  const raw = async (request: Partial<DialectRequest>): Promise<HttpAnswer> => {
    const full = {
      method: 'GET',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
      body: '',
      egress: 'a',
      ...request,
    };
    const operation = dialect.identify(full);
    if (!operation) return answerOf(404, '');
    if (operation.spends !== undefined) spent.push(operation.spends);
    const answer = await dialect.answer(full, operation);
    return answerOf(answer.status, answer.body ?? '', lowerCased(answer.headers));
  };

  const http: Http = async (request) => {
    sent.push(request);
    const next = scripted.shift();
    if (next instanceof BrokerError) throw next;
    if (next !== undefined && next !== 'real') return next;
    const url = new URL(request.url);
    return raw({
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: lowerCased(request.headers),
      body: request.body ?? '',
    });
  };
  const io: BrokerIo = {
    clock,
    http,
    baseUrl: () => host.baseUrl(),
    setting: (variable) => settings[variable],
    isHoliday: () => false,
  };

  return {
    clock,
    sent,
    spent,
    scripted,
    raw,
    command: (name, argument) => dialect.command?.(name, argument),
    connect: (changes = {}) => {
      const read = ig.login({ ...entry, ...changes });
      if ('faults' in read) throw new Error(read.faults.map(({ field }) => field).join(', '));
      dialect.introduce?.(read.login);
      return read.login.connect(io);
    },
  };
}

/** The BrokerError that `work` fails with. */
export async function failureOf(work: Promise<unknown> | undefined): Promise<BrokerError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
