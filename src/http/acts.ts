import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ALL_ACCOUNTS, NOBODY } from '../core/explain.ts';
import { bearerOf } from './access.ts';
import type { HttpContext } from './context.ts';
import { textField } from './consent-routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a person does by this route, in one word: each time is kept, with who did it. */
    readonly act?: Act;
  }
}

/** `open-link`: the page behind the link of an alert was asked for, by a person or by the preview of a chat program. */
export type Act =
  'refresh' | 'ask' | 'pause' | 'resume' | 'logout' | 'login' | 'open-link' | 'sign-in' | 'sign-out';

/**
 * Has what people do by the routes that name it noted, once it is answered. Who was turned away did nothing; only a
 * sign-in is noted then too.
 */
export function addActs(app: FastifyInstance, context: Pick<HttpContext, 'desk' | 'access'>): void {
  app.addHook('onResponse', async (request, reply) => {
    const { act } = request.routeOptions.config;
    // Of a flood one line is enough, and the limit has said it.
    if (act === undefined || reply.statusCode === 429) return;
    const who = act === 'sign-in' ? newcomer(request, reply.statusCode) : actorOf(context, request);
    if (who === undefined) return;
    const isLink = act === 'login' && request.method === 'GET' && textField(request.query, 'ticket');
    await context.desk.noteAct({
      who,
      what: isLink ? 'open-link' : act,
      account: accountOf(request),
      from: request.ip,
      outcome: String(reply.statusCode),
    });
  });
}

/** Who has asked; undefined for a stranger, also one who was turned away before anybody looked who it is. */
function actorOf(
  { access, desk }: Pick<HttpContext, 'desk' | 'access'>,
  request: FastifyRequest,
): string | undefined {
  if (access.isSignedIn(request)) return bearerOf(request) === undefined ? 'cookie' : 'token';
  const { params } = request;
  const [broker, name] = [textField(params, 'broker'), textField(params, 'name')];
  const ticket = textField(request.body, 'ticket') ?? textField(request.query, 'ticket');
  if (broker === undefined || name === undefined || ticket === undefined) return undefined;
  return desk.ticketIsGood(broker, name, ticket) ? 'ticket' : undefined;
}

/** Who signs in: with the admin token, or by the link that the start prints. */
function newcomer({ body }: FastifyRequest, status: number): string {
  if (status >= 400) return NOBODY;
  return textField(body, 'link') === undefined ? 'token' : 'link';
}

/** The name in the path, or in the body; `*` for all of them. Only what may be a name: the rest is nobody's. */
function accountOf({ params, body }: FastifyRequest): string {
  const name = textField(params, 'name') ?? textField(body, 'username') ?? '';
  const isAll = typeof body === 'object' && body !== null && Reflect.get(body, 'all') === true;
  return /^[A-Za-z0-9._@-]{1,64}$/.test(name) ? name : isAll ? ALL_ACCOUNTS : '';
}
