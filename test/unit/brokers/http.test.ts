import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocketServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { makeHttp, type PooledHttp } from '../../../src/brokers/http.ts';
import type { Call, HttpRequest } from '../../../src/core/broker.ts';
import { BrokerError } from '../../../src/core/errors.ts';

const SECRET = 'made-up-secret';
const ended: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(ended.splice(0).map((end) => end()));
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

interface Served {
  readonly url: string;
  readonly requests: IncomingMessage[];
  /** Of each request, the local port it came from: the same one twice is the same connection. */
  readonly ports: (number | undefined)[];
}

async function serve(handler: Handler): Promise<Served> {
  const requests: IncomingMessage[] = [];
  const ports: (number | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    ports.push(request.socket.remotePort);
    request.resume().on('end', () => handler(request, response));
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, requests, ports };
}

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ended.push(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

function client(): PooledHttp {
  const http = makeHttp();
  ended.push(() => http.close());
  return http;
}

const unhurried = (): Call => ({ signal: AbortSignal.timeout(5_000) });
/** A call whose deadline passes when a test says so. */
function timed(): Call & { readonly pass: () => void } {
  const deadline = new AbortController();
  return {
    signal: deadline.signal,
    pass: () => deadline.abort(new DOMException('the deadline has passed', 'TimeoutError')),
  };
}
const post = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  url: `${url}/login?q=${SECRET}`,
  body: `password=${SECRET}`,
  ...more,
});

async function failureOf(call: Promise<unknown>): Promise<BrokerError> {
  const error: unknown = await call.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BrokerError)) throw error;
  expect(`${error.message} ${error.stack}`).not.toContain(SECRET);
  return error;
}

describe('an answer', () => {
  test('comes with status, lower-case headers, text and JSON', async () => {
    const { url, requests } = await serve((_, response) => {
      response.writeHead(201, { 'Content-Type': 'application/json', 'X-One': ['a', 'b'] });
      response.end('{"a":1}');
    });
    const answer = await client()(post(url), unhurried());
    expect(answer).toMatchObject({ status: 201, body: '{"a":1}', json: { a: 1 } });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'x-one': 'a, b' });
    expect(requests[0]).toMatchObject({ method: 'POST', url: `/login?q=${SECRET}` });
  });

  test('that is no JSON has none', async () => {
    const { url } = await serve((_, response) => response.end('{"a":'));
    expect(await client()(post(url), unhurried())).toMatchObject({ body: '{"a":', json: undefined });
  });

  test('that redirects is the answer: nobody follows it', async () => {
    const { url, requests } = await serve((_, response) => response.writeHead(302, { location: '/x' }).end());
    expect((await client()(post(url), unhurried())).status).toBe(302);
    expect(requests).toHaveLength(1);
  });

  test('of 256 KiB is read whole, one byte more is an unknown outcome', async () => {
    let size = 256 * 1024;
    const { url } = await serve((_, response) => response.end('x'.repeat(size)));
    const http = client();
    expect((await http(post(url), unhurried())).body).toHaveLength(size);
    size += 1;
    const error = await failureOf(http(post(url), unhurried()));
    expect(error).toMatchObject({ kind: 'outcome-unknown', code: 'body_too_large', sent: true });
  });

  test('is asked for under our own name, unless the adapter has another', async () => {
    const { url, requests } = await serve((_, response) => response.end());
    const http = client();
    await http(post(url), unhurried());
    await http(post(url, { headers: { 'User-Agent': 'other/1' } }), unhurried());
    expect(requests.map((request) => request.headers['user-agent'])).toEqual([
      expect.stringMatching(/^token-refresher\/\d+\.\d+\.\d+$/),
      'other/1',
    ]);
  });

  test('leaves the connection open for the next call', async () => {
    const { url, ports } = await serve((_, response) => response.end());
    const http = client();
    await http(post(url), unhurried());
    await new Promise(setImmediate);
    await http(post(url), unhurried());
    expect(ports[1]).toBe(ports[0]);
  });
});

describe('a call that was never sent is transient, and says so', () => {
  const neverSent = { kind: 'transient', code: 'unreachable', sent: false };

  test('connection refused', async () => {
    const gone = createSocketServer();
    const port = await listening(gone);
    await ended.pop()?.();
    expect(await failureOf(client()(post(`http://127.0.0.1:${port}`), unhurried()))).toMatchObject(neverSent);
  });

  test('TLS that fails', async () => {
    const { url, requests } = await serve((_, response) => response.end());
    const call = client()(post(url.replace('http:', 'https:')), unhurried());
    expect(await failureOf(call)).toMatchObject(neverSent);
    expect(requests).toHaveLength(0);
  });

  test('a deadline that passes before the connection stands', async () => {
    const received: Buffer[] = [];
    const call = timed();
    const silent = createSocketServer((socket) =>
      socket.on('data', (chunk) => {
        received.push(chunk);
        call.pass();
      }),
    );
    const port = await listening(silent);
    expect(await failureOf(client()(post(`https://127.0.0.1:${port}`), call))).toMatchObject(neverSent);
    expect(Buffer.concat(received).includes(SECRET)).toBe(false);
  });

  test('a signal that was aborted beforehand', async () => {
    const { url, requests } = await serve((_, response) => response.end());
    const call = client()(post(url), { signal: AbortSignal.abort() });
    expect(await failureOf(call)).toMatchObject(neverSent);
    expect(requests).toHaveLength(0);
  });
});

describe('a request that cannot be made needs a person', () => {
  const unsendable = { kind: 'needs-human', code: 'unsendable', sent: false };

  test('an address that is no URL', async () => {
    expect(await failureOf(client()(post('not an address'), unhurried()))).toMatchObject(unsendable);
  });

  test('a line break in a header', async () => {
    const { url, requests } = await serve((_, response) => response.end());
    const call = client()(post(url, { headers: { 'x-key': `${SECRET}\n` } }), unhurried());
    expect(await failureOf(call)).toMatchObject(unsendable);
    expect(requests).toHaveLength(0);
  });
});

describe('a call without a complete answer has an unknown outcome, and is sent once', () => {
  const dropped = { kind: 'outcome-unknown', code: 'no_answer', sent: true };
  const late = { kind: 'outcome-unknown', code: 'timeout', sent: true };

  test('the connection is closed before an answer', async () => {
    const { url, requests } = await serve((request) => request.socket.destroy());
    expect(await failureOf(client()(post(url), unhurried()))).toMatchObject(dropped);
    expect(requests).toHaveLength(1);
  });

  test('a kept connection is closed when the next call uses it', async () => {
    let count = 0;
    const { url, requests } = await serve((request, response) => {
      count += 1;
      if (count === 1) response.end();
      else request.socket.destroy();
    });
    const http = client();
    await http(post(url), unhurried());
    await new Promise(setImmediate);
    expect(await failureOf(http(post(url, { method: 'GET' }), unhurried()))).toMatchObject(dropped);
    expect(requests).toHaveLength(2);
  });

  test('the body breaks off', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"access_token":', () => response.destroy());
    });
    expect(await failureOf(client()(post(url), unhurried()))).toMatchObject(dropped);
  });

  test('the answer is no HTTP', async () => {
    const port = await listening(
      createSocketServer((socket) => socket.once('data', () => socket.end('nonsense\n'))),
    );
    expect(await failureOf(client()(post(`http://127.0.0.1:${port}`), unhurried()))).toMatchObject(dropped);
  });

  test('no answer before the deadline; the connection is given up', async () => {
    const call = timed();
    const gone = Promise.withResolvers<void>();
    const { url } = await serve((request) => {
      request.socket.once('close', gone.resolve);
      call.pass();
    });
    expect(await failureOf(client()(post(url), call))).toMatchObject(late);
    await gone.promise;
  });

  test('half an answer before the deadline', async () => {
    const call = timed();
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{', call.pass);
    });
    expect(await failureOf(client()(post(url), call))).toMatchObject(late);
  });

  test('the caller gives up for another reason', async () => {
    const lease = new AbortController();
    const { url } = await serve(() => lease.abort());
    expect(await failureOf(client()(post(url), { signal: lease.signal }))).toMatchObject(dropped);
  });
});

test('a host whose name hangs holds one lookup, however many calls it gets, and no other host up', async () => {
  const { lookup } = dns;
  const hung: string[] = [];
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: never[]) => {
    if (host === 'hangs.invalid') hung.push(host);
    else Reflect.apply(lookup, dns, [host, ...rest]);
  }) as never);
  ended.push(async () => spy.mockRestore());
  const server = await serve((_, response) => response.end('{}'));
  const http = client();

  const calls = Array.from({ length: 10 }, timed);
  const lost = calls.map((call) => failureOf(http(post('http://hangs.invalid'), call)));
  const other = await http(post(server.url.replace('127.0.0.1', 'localhost')), unhurried());
  expect(other.status).toBe(200);
  for (const call of calls) call.pass();
  expect((await Promise.all(lost)).map(({ code, sent }) => ({ code, sent }))).toEqual(
    Array.from({ length: 10 }, () => ({ code: 'unreachable', sent: false })),
  );
  expect(hung).toEqual(['hangs.invalid']);
});
