import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';
import type { Dialect, DialectAnswer, DialectRequest } from '../core/dialect.ts';
import type { Bench } from './bench.ts';
import { readBody } from './body.ts';
import type { FaultBook } from './faults.ts';
import type { Ledger } from './ledger.ts';
import { bareStatus, compressed, cutOff, oversized, page, send, trickle } from './sending.ts';

/** Where one broker is mounted. */
export interface Mount {
  readonly broker: string;
  readonly dialect: Dialect;
}

/** What every call needs. */
export interface Exchange {
  readonly ledger: Ledger;
  readonly faults: FaultBook;
  readonly bench: Bench;
  /** Real time: latency is not simulated by moving the clock. */
  readonly real: Clock;
  readonly latencyMs: number;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** Plays one call of a broker: notes it, applies the first fault that fits, lets the dialect answer. */
export async function play(
  exchange: Exchange,
  mount: Mount,
  url: URL,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { broker, dialect } = mount;
  const request = await requestOf(broker, url, incoming);
  const operation = dialect.identify(request);
  const call = exchange.ledger.open({ broker, operation, egress: request.egress });
  const gone = new AbortController();
  // The caller left, or was cut off: whatever is still being played is over.
  response.once('close', () => {
    gone.abort();
    call.end();
  });

  const rule = exchange.faults.take(broker, operation);
  if (rule) call.note({ fault: rule.kind });
  const latency = exchange.bench.switchOf(broker, 'latencyMs');
  const latencyMs = typeof latency === 'number' ? latency : exchange.latencyMs;
  if (latencyMs > 0) await exchange.real.sleep(latencyMs, gone.signal);

  const act = async (): Promise<DialectAnswer> => {
    if (!operation) return { status: 404 };
    call.note({ effect: true });
    try {
      return await dialect.answer(request, operation);
    } catch {
      // Its message may hold what the call brought; the ledger says which call it was.
      call.note({ fault: 'dialect-error' });
      return { status: 500, body: "The simulated broker's dialect failed." };
    }
  };
  if (!rule) return send(response, call, await act());

  const words = operation ?? { name: 'unknown' };
  switch (rule.kind) {
    case 'refuse':
      return send(response, call, dialect.refuse(words));
    case 'throttle':
      return send(response, call, dialect.throttle(words));
    case 'status':
      return send(response, call, bareStatus(rule, broker));
    case 'html':
      return send(response, call, page(rule));
    case 'stall':
      return;
    case 'drop':
      return void incoming.socket.destroy();
    case 'slow': {
      const answer = await act();
      await exchange.real.sleep(rule.ms ?? 1_000, gone.signal);
      return send(response, call, answer);
    }
    case 'drop-after':
      await act();
      return void incoming.socket.destroy();
    case 'half':
      return cutOff(response, call, await act());
    case 'trickle':
      return trickle(response, call, await act(), () => exchange.real.sleep(rule.ms ?? 200, gone.signal));
    case 'garbage':
      return send(response, call, { ...(await act()), body: '{"access_token": "made-up' });
    case 'empty':
      return send(response, call, { status: (await act()).status });
    case 'large':
      return oversized(response, call, await act());
    case 'wrong-type':
      return send(response, call, await act(), { 'content-type': rule.type ?? 'text/plain' });
    case 'gzip':
      return compressed(response, call, await act());
  }
}

async function requestOf(broker: string, url: URL, incoming: IncomingMessage): Promise<DialectRequest> {
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value = '']) => [name, String(value)]),
  );
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname.slice(broker.length + 1) || '/',
    query: url.searchParams,
    headers,
    // What is longer than any login stays unread: the dialect sees a body it does not know.
    body: (await readBody(incoming, MAX_BODY_BYTES)) ?? '',
    egress: headers['x-simulated-egress'] ?? 'default',
  };
}
