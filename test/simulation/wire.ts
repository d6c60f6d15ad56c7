import { gzipSync } from 'node:zlib';
import type { Dialect, DialectAnswer, DialectRequest, Operation } from '../../src/core/dialect.ts';
import type { FaultRule } from '../../src/simulator/index.ts';

/** As the simulator's rules, and `unreachable`: the connection is refused, nothing leaves. */
export type BrokerFault = Omit<FaultRule, 'kind'> & {
  readonly kind: FaultRule['kind'] | 'unreachable';
  /** Only what this says yes to: the calls of some accounts, or to one of the broker's hosts. */
  readonly only?: (request: DialectRequest) => boolean;
};

/** What comes over the wire in the place of an answer, or as one. */
export interface Wire {
  /** The broker's own answer, whether or not it can be read; absent where it gave none. */
  readonly answer?: DialectAnswer;
  /** Absent: not even a head comes. */
  readonly head?: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
  readonly body: Buffer;
  /** How it ends: `broken` connection, or `never`: nothing more comes until the caller gives up. */
  readonly end: 'whole' | 'broken' | 'never';
  /** Later than it would have come, ms. */
  readonly lateMs: number;
  /** False where what arrives does not say what the broker answered. */
  readonly isReadable: boolean;
}

const HTML = '<!doctype html><html><head><title>Attention Required!</title></head><body>Sorry</body></html>';
/** More than anybody reads. */
const LARGE = Buffer.alloc(512 * 1024, 'x');
const NOTHING = Buffer.alloc(0);

/** What a call meets. `act` lets the broker act on it. */
export async function wireOf(
  rule: BrokerFault | undefined,
  dialect: Dialect,
  operation: Operation | undefined,
  act: () => Promise<DialectAnswer>,
): Promise<Wire> {
  const words = operation ?? { name: 'unknown' };
  switch (rule?.kind) {
    case undefined:
    case 'unreachable':
      return whole(await act());
    case 'refuse':
      return whole(dialect.refuse(words));
    case 'throttle':
      return whole(dialect.throttle(words));
    case 'status':
      return whole(bareStatus(rule.status ?? 500));
    case 'html':
      return whole(page(rule.status ?? 502));
    case 'stall':
      return { ...nothing, end: 'never' };
    case 'drop':
      return nothing;
    case 'slow':
      return { ...whole(await act()), lateMs: rule.ms ?? 1_000 };
    case 'drop-after':
      return { ...nothing, answer: await act() };
    case 'half': {
      const wire = spoilt(await act());
      return { ...wire, body: wire.body.subarray(0, Math.floor(wire.body.length / 2)), end: 'broken' };
    }
    case 'trickle': {
      const wire = spoilt(await act());
      return { ...wire, body: wire.body.subarray(0, 1), end: 'never' };
    }
    case 'garbage':
      return { ...spoilt(await act()), body: Buffer.from('{"access_token": "made-up') };
    case 'empty':
      return { ...spoilt(await act()), body: NOTHING };
    case 'large':
      return { ...spoilt(await act()), body: LARGE };
    case 'wrong-type': {
      const wire = whole(await act());
      return withHeaders(wire, { 'content-type': rule.type ?? 'text/plain' });
    }
    case 'gzip': {
      const wire = spoilt(await act());
      return { ...withHeaders(wire, { 'content-encoding': 'gzip' }), body: gzipSync(wire.body) };
    }
  }
}

const nothing: Wire = { body: NOTHING, end: 'broken', lateMs: 0, isReadable: false };

function whole(answer: DialectAnswer): Wire {
  const { body } = answer;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
  return {
    answer,
    head: {
      status: answer.status,
      headers: { ...(text !== undefined && { 'content-type': type }), ...answer.headers },
    },
    body: text === undefined ? NOTHING : Buffer.from(text),
    end: 'whole',
    lateMs: 0,
    isReadable: true,
  };
}

/** The broker has acted, and what arrives of its answer does not tell. */
const spoilt = (answer: DialectAnswer): Wire => ({ ...whole(answer), isReadable: false });

function withHeaders(wire: Wire, headers: Readonly<Record<string, string>>): Wire {
  return {
    ...wire,
    ...(wire.head && { head: { ...wire.head, headers: { ...wire.head.headers, ...headers } } }),
  };
}

function bareStatus(status: number): DialectAnswer {
  if (status >= 300 && status < 400) return { status, headers: { location: '/elsewhere' } };
  const headers = { 'content-type': 'text/plain' };
  return { status, headers, body: status >= 500 ? 'Internal Server Error' : '' };
}

const page = (status: number): DialectAnswer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: HTML,
});
