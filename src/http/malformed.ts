import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { faultBody, HttpFault } from './faults.ts';

/* What is no request that a route could see is answered in the shape of all other errors. */

const words: Readonly<Record<number, string>> = {
  408: 'The request did not come in whole in time.',
  417: 'The request has an Expect header that cannot be met: only 100-continue can.',
  431: 'The headers of the request are too large.',
};

const headers = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

const bodyOf = (status: number): string =>
  JSON.stringify(faultBody(new HttpFault(status, 'BAD_REQUEST', words[status])));

/** For a URL that the framework cannot read: its own answer repeats it. */
export function refuseUrl(status: number, raw: ServerResponse): void {
  raw.writeHead(status, headers);
  raw.end(bodyOf(status));
}

/** For bytes that are no HTTP, or do not come in time. Whatever they say is not repeated. */
export function refuseBytes({ code }: { readonly code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || socket.destroyed) return;
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = bodyOf(status);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ];
  // It may be half closed by now; then nobody reads this.
  if (socket.writable) socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

/** For an `Expect` other than `100-continue`; the server's own refusal of it has no body. What it expects is not repeated. */
export function refuseExpectations(server: Server): void {
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    response.writeHead(417, { ...headers, connection: 'close' });
    response.end(bodyOf(417));
  });
}

/** HTTP/1.1 without `Host` is no request; the server's own refusal of it has no body. */
export function wantHost(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }) => {
    if (raw.headers.host === undefined && raw.httpVersion !== '1.0')
      throw new HttpFault(400, 'BAD_REQUEST', 'The request lacks its Host header.');
  });
}
