import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import type { DialectAnswer } from '../core/dialect.ts';
import type { FaultRule } from './faults.ts';
import type { OpenCall } from './ledger.ts';

const HTML =
  '<!doctype html><html><head><title>Attention Required!</title></head><body><h1>Sorry</h1></body></html>';
/** Of an answer that is too large. */
const LARGE_BYTES = 10 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;

type Headers = Readonly<Record<string, string>>;

/** Answers, and ends the call; `headers` win over the answer's own. */
export function send(
  response: ServerResponse,
  call: OpenCall,
  answer: DialectAnswer,
  headers: Headers = {},
): void {
  if (response.destroyed) return;
  const { body, ...encoding } = encoded(answer);
  call.note({ status: answer.status });
  // Ended before its last byte leaves: the caller may answer it with the next call, and then this
  // one must not count as in flight any more.
  call.end();
  response.writeHead(answer.status, { ...encoding.headers, ...headers, 'content-length': body.length });
  response.end(body);
}

/** The whole length announced, half of it sent, the connection closed. */
export function cutOff(response: ServerResponse, call: OpenCall, answer: DialectAnswer): void {
  const { headers, body } = encoded(answer);
  call.note({ status: answer.status });
  response.writeHead(answer.status, { ...headers, 'content-length': Math.max(2, body.length) });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

/** The right answer a byte at a time, and blanks after it: only the caller ends this. */
export async function trickle(
  response: ServerResponse,
  call: OpenCall,
  answer: DialectAnswer,
  pause: () => Promise<void>,
): Promise<void> {
  const { headers, body } = encoded(answer);
  const status = withBody(answer.status);
  response.writeHead(status, headers);
  call.note({ status });
  for (let at = 0; !response.destroyed; at++) {
    response.write(at < body.length ? body.subarray(at, at + 1) : ' ');
    await pause();
  }
}

/** The right answer with so many blanks behind it that nobody should read them all. */
export async function oversized(
  response: ServerResponse,
  call: OpenCall,
  answer: DialectAnswer,
): Promise<void> {
  const { headers, body } = encoded(answer);
  const padding = Buffer.alloc(PIECE_BYTES, ' ');
  function* pieces(): Generator<Buffer> {
    yield body;
    for (let left = LARGE_BYTES - body.length; left > 0; left -= PIECE_BYTES) yield padding.subarray(0, left);
  }
  const status = withBody(answer.status);
  call.note({ status });
  response.writeHead(status, { ...headers, 'content-length': LARGE_BYTES });
  // A caller that has had enough breaks the connection: that is what this is for.
  await pipeline(Readable.from(pieces()), response).catch(() => undefined);
}

/** The right answer, compressed. */
export function compressed(response: ServerResponse, call: OpenCall, answer: DialectAnswer): void {
  const { headers, body } = encoded(answer);
  call.note({ status: answer.status });
  call.end();
  const zipped = gzipSync(body);
  response.writeHead(answer.status, {
    ...headers,
    'content-encoding': 'gzip',
    'content-length': zipped.length,
  });
  response.end(zipped);
}

/** A redirect leads to a call the broker does not have, so that following it shows in the ledger. */
export function bareStatus(rule: FaultRule, broker: string): DialectAnswer {
  const status = rule.status ?? 500;
  return status >= 300 && status < 400
    ? { status, headers: { location: `/${broker}/elsewhere` } }
    : {
        status,
        headers: { 'content-type': 'text/plain' },
        body: status >= 500 ? 'Internal Server Error' : '',
      };
}

export function page(rule: FaultRule): DialectAnswer {
  const headers = { 'content-type': 'text/html; charset=utf-8' };
  return { status: rule.status ?? 502, headers, body: HTML };
}

/** A 204 has no body, whatever is written: to have one it has to be another. */
const withBody = (status: number): number => (status === 204 ? 200 : status);

function encoded(answer: DialectAnswer): { headers: Record<string, string>; body: Buffer } {
  const { body } = answer;
  if (body === undefined) return { headers: { ...answer.headers }, body: Buffer.alloc(0) };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
  return { headers: { 'content-type': type, ...answer.headers }, body: Buffer.from(text) };
}
