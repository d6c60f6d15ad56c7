import type { FastifyInstance } from 'fastify';
import type { Clock } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { makeAccess } from './access.ts';
import { callbackApp, mainApp, publicApp } from './app.ts';
import type { TrustProxy } from './bare-app.ts';
import { makeCallbackListeners, type CallbackListening } from './callback-listeners.ts';
import type { HttpContext, MetricsText } from './context.ts';
import type { Desk } from './desk.ts';
import { codeOf, listenProblem, withinCloseDeadline } from './listening.ts';
import { knownHosts } from './hosts.ts';
import type { Bound } from './loopback.ts';
import { readAssets } from './page/assets.ts';

export interface HttpOptions {
  readonly desk: Desk;
  readonly metrics: MetricsText;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Of a second listener with nothing but what the outside needs; undefined: none. */
  readonly publicPort?: number | undefined;
  /** What links for people begin with. */
  readonly publicUrl: string;
  /** What links to the page begin with. */
  readonly pageUrl: string;
  /** Further names by which browsers may come. */
  readonly allowedHosts?: readonly string[];
  /** Secret. */
  readonly adminToken: string;
  readonly trustProxy?: TrustProxy;
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
  /** A broker's name for people. */
  readonly titleOf?: (broker: string) => string;
  /** Said on top of the page, e.g. that all brokers are simulated. */
  readonly remarks?: () => readonly string[];
  /** The settings in force, for people: no secret. */
  readonly settings?: HttpContext['settings'];
}

export interface HttpServer {
  /** Where the page is, as seen from this machine; no slash at the end. */
  readonly url: string;
  readonly port: number;
  /** A link that signs in whoever follows it, once, within 12 hours. Secret: for a terminal, never for a log. */
  signInLink(): string;
  /**
   * Listens for the loopback redirect URIs among `urls` on their own ports and paths, and for no others any more.
   * Answers with those URIs; `fault` says in words what keeps a login from ending there.
   */
  setCallbackListeners(urls: readonly string[]): Promise<readonly CallbackListening[]>;
  /** Ends within about 5 s: requests under way may finish. */
  stop(): Promise<void>;
}

/** Serves pages and API. Throws `ConfigurationError` where the address cannot be listened on. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { clock, host } = options;
  const access = makeAccess(options.adminToken, clock);
  const publicUrl = new URL(options.publicUrl);
  const pageUrl = new URL(options.pageUrl);
  const context: HttpContext = {
    desk: options.desk,
    metrics: options.metrics,
    access,
    clock,
    log: options.log,
    assets: await readAssets(),
    version: options.version,
    publicUrl,
    pageUrl,
    knowsHost: knownHosts([publicUrl, pageUrl], host, options.allowedHosts ?? []),
    titleOf: options.titleOf ?? ((broker) => broker),
    remarks: options.remarks ?? (() => []),
    settings: options.settings ?? [],
  };
  const listeners = makeCallbackListeners(clock);
  const bound = { host, port: options.port };
  const main = await mainApp(context, options.trustProxy ?? false, () => listeners.pathsAt(bound.port));
  const callbacks = await callbackApp(context, (port) => listeners.pathsAt(port));
  bound.port = await listenMain(main, bound, 'HTTP_PORT');
  const outside = await openOutside(options, context, listeners.pathsAt.bind(listeners, bound.port)).catch(
    async (error: unknown) => {
      await main.close();
      throw error;
    },
  );

  return {
    url: `http://${shownHost(host)}:${String(bound.port)}`,
    port: bound.port,
    signInLink: () => new URL(`/sign-in#${access.makeLink()}`, pageUrl).href,
    setCallbackListeners: (urls) =>
      listeners.set(urls, bound, (request, response) => {
        callbacks.routing(request, response);
      }),
    stop: async () => {
      await Promise.all([
        closeMain(main, clock),
        ...(outside ? [closeMain(outside, clock)] : []),
        listeners.stop(),
      ]);
      await callbacks.close();
    },
  };
}

/** The listener for the outside, where one is asked for. */
async function openOutside(
  options: HttpOptions,
  context: HttpContext,
  callbackPaths: () => ReadonlySet<string>,
): Promise<FastifyInstance | undefined> {
  const { publicPort: port, host } = options;
  if (port === undefined) return undefined;
  const app = await publicApp(context, options.trustProxy ?? false, callbackPaths);
  await listenMain(app, { host, port }, 'PUBLIC_HTTP_PORT');
  return app;
}

async function listenMain(
  app: FastifyInstance,
  at: Bound,
  setting: 'HTTP_PORT' | 'PUBLIC_HTTP_PORT',
): Promise<number> {
  try {
    await app.listen({ host: at.host, port: at.port });
  } catch (error) {
    await app.close();
    const message = `${listenProblem(at, codeOf(error))}: set another ${setting} or HTTP_HOST, or end what holds it`;
    throw new ConfigurationError([{ at: setting, message }]);
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : at.port;
}

async function closeMain(app: FastifyInstance, clock: Clock): Promise<void> {
  const closed = app.close();
  await withinCloseDeadline(closed, clock);
  app.server.closeAllConnections();
  await closed;
}

/** Browsers keep their cookies by host: the page, its links and PUBLIC_URL should all say `localhost`. */
function shownHost(host: string): string {
  if (['127.0.0.1', '::1', '0.0.0.0', '::', 'localhost'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
