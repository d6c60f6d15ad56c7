import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Log } from '../core/log.ts';
import { judge, sendFault } from './faults.ts';
import { addSecurityHeaders } from './headers.ts';
import { refuseBytes, refuseExpectations, refuseUrl, wantHost } from './malformed.ts';

const BODY_LIMIT_BYTES = 16 * 1024;
/** Longest time in which a request must have come in whole. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** A name of the longest kind, every character percent-encoded. */
const MAX_PARAM_LENGTH = 64 * 3;

/** Whose `X-Forwarded-*` headers count: nobody's, everybody's, those of so many proxies, or these addresses'. */
export type TrustProxy = boolean | number | string;

/** What all listeners share: limits, headers, the error shape, and a log that knows routes and no URLs. */
export function bareApp({ log }: { readonly log: Log }, trustProxy: TrustProxy): FastifyInstance {
  const app = fastify({
    logger: false,
    trustProxy: trusted(trustProxy),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // A HEAD would run the GET of /callback and spend the login's code.
    exposeHeadRoutes: false,
    return503OnClosing: false,
    http: { requireHostHeader: false },
    clientErrorHandler: refuseBytes,
    frameworkErrors: (error, _request, reply) => refuseUrl(error.statusCode ?? 400, reply.raw),
  });
  refuseExpectations(app.server);
  takeJsonOnly(app);
  addSecurityHeaders(app);
  wantHost(app);
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    log.debug(
      {
        event: 'http.answered',
        method,
        route: routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime),
      },
      'A request was answered.',
    );
  });
  app.setErrorHandler((error, request, reply) => sendFault(reply, judge(error, request, log)));
  return app;
}

/** The framework takes a number to trust nobody, since whoever comes past the proxies can forge it; the setting means it. */
function trusted(proxies: TrustProxy): boolean | string | ((address: string, hop: number) => boolean) {
  return typeof proxies === 'number' ? (_address, hop) => hop < proxies : proxies;
}

/** The request's path as it was sent. The query stays out: it may hold a login's code. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}

/** JSON bodies, and an empty one for none, as many clients send it. */
function takeJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') done(null, undefined);
    else void parse(request, body, done);
  });
}
