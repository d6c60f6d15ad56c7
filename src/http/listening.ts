import type { Server } from 'node:http';
import type { Clock } from '../core/clock.ts';
import type { Bound } from './loopback.ts';

/** Longest wait for requests under way when a listener closes. */
const CLOSE_DEADLINE_MS = 5_000;

/** Binds a server; resolves with the error's code where that fails. */
export function listen(server: Server, at: Bound): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      resolve(codeOf(error));
    };
    server.once('error', failed);
    server.listen(at, () => {
      server.off('error', failed);
      resolve(undefined);
    });
  });
}

/** The system's code of an error, e.g. `EADDRINUSE`. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown error';
}

/** Why a listener could not be bound, for a person. */
export function listenProblem({ host, port }: Bound, code: string): string {
  const where = `port ${String(port)} on ${host}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is taken by another program`;
    case 'EACCES':
      return `${where} may not be used by this user (ports below 1024 are kept for the system)`;
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine`;
    default:
      return `${where} cannot be listened on (${code})`;
  }
}

/** Takes no new requests, lets those under way end, and cuts off what is left after 5 s. Never rejects. */
export async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  await withinCloseDeadline(closed, clock);
  server.closeAllConnections();
  await closed;
}

/** Resolves as soon as `closed` does, or after 5 s. */
export async function withinCloseDeadline(closed: PromiseLike<unknown>, clock: Clock): Promise<void> {
  const stop = new AbortController();
  await Promise.race([closed, clock.sleep(CLOSE_DEADLINE_MS, stop.signal)]);
  stop.abort();
}
