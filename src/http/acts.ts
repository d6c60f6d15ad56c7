import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bearerOf } from './access.ts';
import type { HttpContext } from './context.ts';
import { textField } from './consent-routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a person does by this route, in one word: each time is kept, with who did it. */
    readonly act?: string;
  }
}

/** Has what people do by the routes that name it noted, once it is answered. Who was turned away did nothing. */
export function addActs(app: FastifyInstance, { desk, access }: Pick<HttpContext, 'desk' | 'access'>): void {
  app.addHook('onResponse', async (request, reply) => {
    const { act } = request.routeOptions.config;
    if (act === undefined || reply.statusCode === 401 || reply.statusCode === 403) return;
    const isSignedIn = access.isSignedIn(request);
    await desk.noteAct({
      who: bearerOf(request) !== undefined ? 'token' : isSignedIn ? 'cookie' : 'ticket',
      what: act,
      account: accountOf(request),
      from: request.ip,
      outcome: String(reply.statusCode),
    });
  });
}

/** The name in the path, or in the body; `*` for all of them. Only what may be a name: the rest is nobody's. */
function accountOf({ params, body }: FastifyRequest): string {
  const name = textField(params, 'name') ?? textField(body, 'username') ?? '';
  const isAll = typeof body === 'object' && body !== null && Reflect.get(body, 'all') === true;
  return /^[A-Za-z0-9._@-]{1,64}$/.test(name) ? name : isAll ? '*' : '';
}
