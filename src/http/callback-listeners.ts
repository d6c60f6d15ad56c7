import { createServer, type RequestListener, type Server } from 'node:http';
import type { Clock } from '../core/clock.ts';
import { REQUEST_TIMEOUT_MS } from './bare-app.ts';
import { closeServer, listen, listenProblem } from './listening.ts';
import { loopbackPlace, type Bound, type LoopbackPlace } from './loopback.ts';
import { refuseExpectations } from './malformed.ts';

/** A redirect URI, and in words why a login that returns to it cannot end here; undefined: it can. */
export interface CallbackListening {
  readonly url: string;
  readonly fault: string | undefined;
}

/** The ports and paths that end browser logins beside the main listener's own `/callback`. */
export interface CallbackListeners {
  /** The paths that a port answers. */
  pathsAt(port: number | undefined): ReadonlySet<string>;
  /**
   * Listens for the loopback ones of `urls` and for no others. Never rejects: what cannot be listened for is said
   * in the answer, and tried again at the next call.
   */
  set(urls: readonly string[], main: Bound, handler: RequestListener): Promise<readonly CallbackListening[]>;
  stop(): Promise<void>;
}

const none: ReadonlySet<string> = new Set();

/** Keeps the listeners of loopback redirect URIs, which a reload may add to, move or remove. */
export function makeCallbackListeners(clock: Clock): CallbackListeners {
  const servers = new Map<string, Server>();
  let paths: ReadonlyMap<number, ReadonlySet<string>> = new Map();
  let last: Promise<unknown> = Promise.resolve();

  /** One change at a time: two reloads in a row must not race for a port. */
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const result = last.then(change);
    last = result.catch(() => undefined);
    return result;
  };

  const closeAllBut = async (keep: ReadonlySet<string>): Promise<void> => {
    const leaving = [...servers].filter(([key]) => !keep.has(key));
    for (const [key] of leaving) servers.delete(key);
    await Promise.all(leaving.map(([, server]) => closeServer(server, clock)));
  };

  const openFor = async (place: LoopbackPlace, handler: RequestListener): Promise<string | undefined> => {
    for (const host of place.hosts) {
      const key = keyOf(host, place.port);
      if (servers.has(key)) continue;
      const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, handler);
      refuseExpectations(server);
      const failed = await listen(server, { host, port: place.port });
      if (failed === undefined) servers.set(key, server);
      else if (!(isSecond(host, place) && lacksAddress(failed))) return callbackFault(place, host, failed);
    }
    return place.fault;
  };

  return {
    pathsAt: (port) => (port === undefined ? undefined : paths.get(port)) ?? none,
    set: (urls, main, handler) =>
      inTurn(async () => {
        const places = [...new Set(urls)].flatMap((url) => loopbackPlace(url, main) ?? []);
        await closeAllBut(
          new Set(places.flatMap(({ hosts, port }) => hosts.map((host) => keyOf(host, port)))),
        );
        paths = pathsByPort(places);
        const results: CallbackListening[] = [];
        for (const place of places) results.push({ url: place.url, fault: await openFor(place, handler) });
        return results;
      }),
    stop: () => inTurn(() => closeAllBut(none)),
  };
}

const keyOf = (host: string, port: number): string => `${host} ${String(port)}`;

function pathsByPort(places: readonly LoopbackPlace[]): ReadonlyMap<number, ReadonlySet<string>> {
  const paths = new Map<number, Set<string>>();
  for (const { port, path } of places) paths.set(port, (paths.get(port) ?? new Set()).add(path));
  return paths;
}

/** Machines without IPv6 have no ::1; the browser does without it as well. */
const isSecond = (host: string, place: LoopbackPlace): boolean => place.hosts.indexOf(host) > 0;
const lacksAddress = (code: string): boolean => code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';

function callbackFault(place: LoopbackPlace, host: string, code: string): string {
  const problem = listenProblem({ host, port: place.port }, code);
  return `${problem}; a browser login that returns to ${place.url} cannot end there until that is mended`;
}
