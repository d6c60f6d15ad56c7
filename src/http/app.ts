import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance } from 'fastify';
import { addActionRoutes } from './action-routes.ts';
import { bearerOf, isSameOrigin } from './access.ts';
import { addActs } from './acts.ts';
import { addAccountRoutes } from './account-routes.ts';
import { bareApp, pathOf, type TrustProxy } from './bare-app.ts';
import { addOauthRoutes, answerArrival } from './consent-routes.ts';
import type { HttpContext } from './context.ts';
import { addEventRoutes } from './event-routes.ts';
import { HttpFault } from './faults.ts';
import { addHealthRoutes, addMetricsRoute } from './health.ts';
import { addPageFaults, type Side } from './page-faults.ts';
import { addAssetRoutes, addDashboard, addSignInRoutes } from './page-routes.ts';
import { addPlanRoutes } from './plan-routes.ts';
import { refuseOtherHosts } from './hosts.ts';
import { addOpenApiRoute } from './openapi-routes.ts';
import { addRateLimits } from './rate-limits.ts';
import { makeSight } from './sight.ts';
import { addTokenRoutes } from './token-routes.ts';
import { addWebhookRoutes } from './webhook-routes.ts';

/** The routes of the main listener, not yet listening. `callbackPaths` are further paths that end a browser login. */
export async function mainApp(
  context: HttpContext,
  trustProxy: TrustProxy,
  callbackPaths: () => ReadonlySet<string>,
): Promise<FastifyInstance> {
  const app = bareApp(context, trustProxy);
  await app.register(cookie);
  addRateLimits(app, context);
  refuseOtherHosts(app, context.knowsHost);
  refuseOtherSites(app, context);
  addActs(app, context);
  answerUnknownRoutes(app, context);
  const sight = makeSight(context);

  addHealthRoutes(app, context);
  addMetricsRoute(app, context);
  // Beside the API, not in it: a broker does not sign in.
  addWebhookRoutes(app, context);
  await app.register(async (api) => {
    addTokenRoutes(api, context);
    addAccountRoutes(api, context);
    addPlanRoutes(api, context);
    addEventRoutes(api, context, sight);
    addOpenApiRoute(api, context);
  });
  await app.register(async (pages) => {
    await addPersonRoutes(pages, context, callbackPaths, 'inside');
    addAssetRoutes(pages, context);
    addSignInRoutes(pages, context);
    addDashboard(pages, context, sight);
    addActionRoutes(pages, context, sight);
    // A redirect URI may be the bare address.
    pages.get('/', (request, reply) =>
      callbackPaths().has('/') ? answerArrival(context, request, reply) : reply.redirect('/dashboard', 302),
    );
  });
  await app.ready();
  return app;
}

/** What a person's browser comes to: the link that begins a login, and where it comes back to. */
async function addPersonRoutes(
  pages: FastifyInstance,
  context: HttpContext,
  callbackPaths: () => ReadonlySet<string>,
  side: Side,
): Promise<void> {
  pages.removeAllContentTypeParsers();
  await pages.register(formbody);
  addPageFaults(pages, context, side);
  addOauthRoutes(pages, context);
  pages.get('/callback', (request, reply) => answerArrival(context, request, reply));
  // The paths of redirect URIs come and go with the accounts; routes cannot.
  pages.get('*', async (request, reply) => {
    if (callbackPaths().has(pathOf(request))) return answerArrival(context, request, reply);
    reply.callNotFound();
    return reply;
  });
}

/**
 * The routes of the listener for the outside: where persons come from links in alerts, where browsers come
 * back to, and where brokers post. No page, no API, no health: what is not there cannot be attacked.
 */
export async function publicApp(
  context: HttpContext,
  trustProxy: TrustProxy,
  callbackPaths: () => ReadonlySet<string>,
): Promise<FastifyInstance> {
  const app = bareApp(context, trustProxy);
  await app.register(cookie);
  addRateLimits(app, context);
  refuseOtherSites(app, context);
  addActs(app, context);
  answerUnknownRoutes(app, context);
  await app.register(async (api) => {
    addWebhookRoutes(api, context);
  });
  await app.register(async (pages) => {
    await addPersonRoutes(pages, context, callbackPaths, 'outside');
  });
  await app.ready();
  return app;
}

/** The routes of the listeners of redirect URIs; `paths` are those that a port answers. */
export async function callbackApp(
  context: HttpContext,
  paths: (port: number | undefined) => ReadonlySet<string>,
): Promise<FastifyInstance> {
  const app = bareApp(context, false);
  addRateLimits(app, context);
  await app.register(async (pages) => {
    addPageFaults(pages, context, 'outside');
    pages.get('*', async (request, reply) => {
      if (paths(request.socket.localPort).has(pathOf(request))) return answerArrival(context, request, reply);
      throw new HttpFault(404, 'NOT_FOUND');
    });
  });
  app.setNotFoundHandler(async () => {
    throw new HttpFault(404, 'NOT_FOUND');
  });
  await app.ready();
  return app;
}

/** A session's cookie alone starts nothing that another site asked for. A bearer token no other site has. */
function refuseOtherSites(app: FastifyInstance, context: HttpContext): void {
  app.addHook('onRequest', async (request) => {
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (!reads && bearerOf(request) === undefined && !isSameOrigin(request, context)) {
      throw new HttpFault(403, 'CROSS_ORIGIN');
    }
  });
}

/** 404, or 405 where only the method is wrong; 401 first under /api. */
function answerUnknownRoutes(app: FastifyInstance, { access }: HttpContext): void {
  const known: { readonly pattern: RegExp; readonly method: string | string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    if (url === '*') return;
    const pattern = url.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:\w+/g, '[^/]+');
    known.push({ pattern: new RegExp(`^${pattern}$`), method });
  });
  app.setNotFoundHandler(async (request, reply) => {
    const path = pathOf(request);
    if (path.startsWith('/api/') && !access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
    const methods = known.filter(({ pattern }) => pattern.test(path)).flatMap(({ method }) => method);
    // With a method that goes it is the name in the path that is none: longer than any can be.
    if (methods.length === 0 || methods.includes(request.method)) throw new HttpFault(404, 'NOT_FOUND');
    void reply.header('allow', methods.join(', '));
    throw new HttpFault(405, 'METHOD_NOT_ALLOWED');
  });
}
