import type { FastifyInstance } from 'fastify';
import { openApi, type Json } from './api/document.ts';
import type { HttpContext } from './context.ts';
import { HttpFault } from './faults.ts';

/** `GET /api/openapi.json`: what this service answers, made from the schemas it answers by; for whoever is signed in. */
export function addOpenApiRoute(
  app: FastifyInstance,
  { access, pageUrl, version }: Pick<HttpContext, 'access' | 'pageUrl' | 'version'>,
): void {
  let document: Json | undefined;
  app.get('/api/openapi.json', async (request) => {
    if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
    document ??= openApi({
      version,
      url: pageUrl.href.replace(/\/$/, ''),
      hasRoute: ({ method, path }) => app.hasRoute({ method, url: path }),
    });
    return document;
  });
}
