import { Agent, type Dispatcher } from 'undici';
import manifest from '../../package.json' with { type: 'json' };
import type { Call, Http, HttpAnswer, HttpRequest } from '../core/broker.ts';
import { BrokerError } from '../core/errors.ts';
import { lookup } from '../core/lookup.ts';

/** Most of a body that is read, in bytes; a login's answer has some hundred. */
const MAX_BODY_BYTES = 256 * 1024;
/** The caller's signal is the deadline. These only end a call whose caller forgot to set one. */
const BACKSTOP_MS = 60_000;
/**
 * How long an idle connection is used again, ms. A broker may close it at any moment, and a call that
 * meets the closing is lost with an unknown outcome: bursts share connections, later calls open theirs.
 */
const IDLE_MS = 1_000;

/** What the brokers see of us, unless an adapter says otherwise: who we are. */
export const userAgent = `token-refresher/${manifest.version}`;

/** The shared pool, as a function; `close` ends it and every call under way. */
export type PooledHttp = Http & { close(): Promise<void> };

/**
 * Makes the one way to the brokers: it sends once, never retries and never follows a redirect, reads
 * at most 256 KiB, and obeys the call's signal from the first to the last byte.
 *
 * Without a complete answer it throws a `BrokerError`: `transient` and `sent: false` (`unreachable`)
 * where the request provably never left, else `outcome-unknown` (`timeout`, `no_answer`,
 * `body_too_large`). What an answer means is for the adapter to say.
 */
export function makeHttp(options: { readonly dispatcher?: Dispatcher } = {}): PooledHttp {
  // No HTTP/2: there, undici may send a refused stream again by itself. No bound on connections: the
  // caller's own concurrency is the bound, and one hung call must not keep another from its socket.
  const dispatcher =
    options.dispatcher ??
    new Agent({
      connect: { lookup },
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      headersTimeout: BACKSTOP_MS,
      bodyTimeout: BACKSTOP_MS,
    });
  const http: Http = (request, call) => send(dispatcher, request, call);
  return Object.assign(http, { close: () => dispatcher.destroy() });
}

function send(dispatcher: Dispatcher, request: HttpRequest, call: Call): Promise<HttpAnswer> {
  const target = URL.parse(request.url);
  if (target === null)
    return Promise.reject(unsendable('its address is no URL (check the base URL setting)'));
  return new Promise<HttpAnswer>((resolve, reject) => {
    const { signal } = call;
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let headers: Readonly<Record<string, string>> = {};
    const chunks: Buffer[] = [];
    let bytes = 0;

    const settle = (end: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      end();
    };
    const fail = (error: BrokerError): void => settle(() => reject(error));
    const onAbort = (): void => {
      fail(brokenOff(signal.reason, target.host, controller !== undefined));
      controller?.abort(new Error('aborted'));
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });

    dispatcher.dispatch(
      {
        origin: target.origin,
        path: target.pathname + target.search,
        method: request.method,
        // Node's decompression is not in play here, so the body has to come as it is.
        headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...lowerCased(request.headers) },
        body: request.body ?? null,
      },
      {
        // Called when a connection stands, just before the first byte is written: everything that
        // fails earlier was never sent, and that is all this rests on.
        onRequestStart: (started) => {
          if (signal.aborted || controller) return started.abort(new Error('aborted'));
          controller = started;
        },
        onResponseStart: (_, statusCode, received) => {
          if (statusCode < 200) return;
          status = statusCode;
          headers = joined(received);
        },
        onResponseData: (receiving, chunk) => {
          bytes += chunk.length;
          if (bytes <= MAX_BODY_BYTES) return void chunks.push(chunk);
          fail(tooLarge(target.host, status));
          receiving.abort(new Error('body too large'));
        },
        onResponseEnd: () => {
          const body = new TextDecoder().decode(Buffer.concat(chunks));
          settle(() => resolve({ status, headers, body, json: parsed(body) }));
        },
        onResponseError: (_, error) => fail(unanswered(error, target.host, controller !== undefined)),
      },
    );
  });
}

/** The body as JSON or undefined. The parser's own message would echo the body, so it ends here. */
function parsed(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return value;
  } catch {
    return undefined;
  }
}

function lowerCased(headers: HttpRequest['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function joined(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [
      name.toLowerCase(),
      typeof value === 'string' ? value : value.join(', '),
    ]),
  );
}

/** The caller's signal spoke: its deadline, or the lease it worked under was lost. */
function brokenOff(reason: unknown, host: string, sent: boolean): BrokerError {
  const late = reason instanceof Error && reason.name === 'TimeoutError';
  if (!sent) return unreachable(host, late ? 'no connection before the deadline' : 'the call was given up');
  return late ? timedOut(host) : unknown(host, 'no_answer', 'the call was given up before its answer came');
}

function unanswered(error: Error, host: string, sent: boolean): BrokerError {
  const code = codeOf(error);
  // undici checks a request before it connects; what it turns away would be turned away again.
  if (!sent && (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED')) {
    return unsendable('HTTP does not allow a character in it (look for line breaks in keys and settings)');
  }
  if (!sent) return unreachable(host, code);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return timedOut(host);
  return unknown(host, 'no_answer', `the connection broke before a complete answer came (${code})`);
}

/** A Node or undici error code: safe to show, unlike a message. */
function codeOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'no code';
}

function unsendable(why: string): BrokerError {
  return new BrokerError(`The request could not be made: ${why}.`, {
    kind: 'needs-human',
    code: 'unsendable',
    sent: false,
  });
}

function unreachable(host: string, why: string): BrokerError {
  return new BrokerError(`${host} could not be reached, nothing was sent (${why}).`, {
    kind: 'transient',
    code: 'unreachable',
    scope: 'broker',
    sent: false,
  });
}

function timedOut(host: string): BrokerError {
  return unknown(host, 'timeout', 'it did not answer in time');
}

function tooLarge(host: string, status: number): BrokerError {
  return unknown(
    host,
    'body_too_large',
    `its answer (HTTP ${status}) is larger than ${MAX_BODY_BYTES / 1024} KiB`,
  );
}

function unknown(host: string, code: string, why: string): BrokerError {
  return new BrokerError(`A call to ${host} was sent, but ${why}: it may have taken effect.`, {
    kind: 'outcome-unknown',
    code,
  });
}
