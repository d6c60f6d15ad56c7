import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { track } from './leaks.ts';

/** One call and its answer, as they went over the wire. */
export interface Exchange {
  readonly path: string;
  readonly sent: string;
  readonly status: number;
  /** Where a redirect leads. */
  readonly location: string;
  readonly received: string;
}

/** A proxy in front of another server: what neither side would tell a test is seen on the way. */
export interface Wiretap {
  /** Where the proxy is, in place of `target`. */
  readonly url: string;
  readonly exchanges: readonly Exchange[];
  stop(): Promise<void>;
}

/** Starts a proxy to `target` (an http origin). A file that does not stop it fails. */
export async function startWiretap(target: string): Promise<Wiretap> {
  const exchanges: Exchange[] = [];
  const server = createServer((incoming, answer) => {
    pass(incoming, answer).catch(() => answer.destroy());
  });

  async function pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await collected(incoming);
    const onward = send(new URL(incoming.url ?? '/', target), {
      method: incoming.method ?? 'GET',
      headers: { ...incoming.headers, host: new URL(target).host },
    });
    // A caller that leaves, and a server that cuts off, each end the other side too.
    answer.once('close', () => onward.destroy());
    onward.once('error', () => answer.destroy());
    onward.end(body);
    const [reply] = (await once(onward, 'response')) as [IncomingMessage];
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    const received = await collected(reply, (chunk) => void answer.write(chunk));
    if (reply.complete) answer.end();
    else answer.destroy();
    exchanges.push({
      path: incoming.url ?? '/',
      sent: body.toString('utf8'),
      status: reply.statusCode ?? 0,
      location: reply.headers.location ?? '',
      received: received.toString('utf8'),
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = async (): Promise<void> => {
    untrack();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const untrack = track(`the wiretap on ${target}`, stop);
  return { url: `http://127.0.0.1:${port}`, exchanges, stop };
}

async function collected(
  stream: IncomingMessage,
  each: (chunk: Buffer) => void = () => undefined,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    each(chunk);
  });
  // One that is cut off still said what it said.
  await finished(stream).catch(() => undefined);
  return Buffer.concat(chunks);
}
