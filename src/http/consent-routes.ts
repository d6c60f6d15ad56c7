import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Arrival } from '../core/broker.ts';
import type { HttpContext } from './context.ts';
import type { ConsentOutcome } from './desk.ts';
import { HttpFault } from './faults.ts';
import { arrivalPage, ticketPage } from './page/consent.ts';
import { sendPage } from './page/send.ts';

type OauthRoute = { Params: { broker: string; name: string } };

const statusOf: Readonly<Record<ConsentOutcome['outcome'], number>> = {
  done: 200,
  'handed-over': 200,
  'unknown-state': 400,
  'someone-else': 409,
  'not-served': 409,
  'broker-failed': 502,
  'not-now': 503,
};

/**
 * `/oauth/:broker/:name`, where a person's login in the browser begins: at once for whoever is signed in, over a
 * page with one button for a link from an alert, so that the previews of chat programs spend nothing.
 */
export function addOauthRoutes(app: FastifyInstance, context: HttpContext): void {
  const { desk, access, assets } = context;

  const mayBegin = (request: FastifyRequest<OauthRoute>, ticket: string | undefined): boolean => {
    const { broker, name } = request.params;
    return access.isSignedIn(request) || (ticket !== undefined && desk.ticketIsGood(broker, name, ticket));
  };
  const refusal = (ticket: string | undefined): HttpFault =>
    ticket === undefined
      ? new HttpFault(401, 'UNAUTHORIZED')
      : new HttpFault(401, 'UNAUTHORIZED', 'This link has expired, or was cut when it was copied.');
  const begin = async (
    { params }: FastifyRequest<OauthRoute>,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    if ((await desk.account(params.name))?.state === 'paused') {
      throw new HttpFault(409, 'ACCOUNT_PAUSED', `${params.name} is paused: resume it, then log in.`);
    }
    const dialog = await desk.beginConsent(params.broker, params.name);
    if (dialog === undefined) throw new HttpFault(404, 'NO_BROWSER_LOGIN');
    return reply.redirect(dialog.href, 302);
  };

  app.get<OauthRoute>('/oauth/:broker/:name', { config: { act: 'login' } }, async (request, reply) => {
    const ticket = textField(request.query, 'ticket');
    if (!mayBegin(request, ticket)) throw refusal(ticket);
    if (ticket === undefined) return begin(request, reply);
    const title = context.titleOf(request.params.broker);
    return sendPage(reply, 200, ticketPage(assets, { title, name: request.params.name, ticket }));
  });

  app.post<OauthRoute>('/oauth/:broker/:name', { config: { act: 'login' } }, async (request, reply) => {
    const ticket = textField(request.body, 'ticket') ?? textField(request.query, 'ticket');
    if (!mayBegin(request, ticket)) throw refusal(ticket);
    return begin(request, reply);
  });
}

/** Ends a browser login with what came back in the query, and says on a page what happened. */
export async function answerArrival(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const code = textField(request.query, 'code');
  const error = textField(request.query, 'error');
  const arrival: Arrival = { ...(code !== undefined && { code }), ...(error !== undefined && { error }) };
  const outcome = await context.desk.finishConsent(textField(request.query, 'state'), arrival);
  context.log.info({ event: 'consent.arrived', outcome: outcome.outcome }, 'A browser login came back.');
  if (outcome.outcome === 'not-now') {
    void reply.header('retry-after', String(Math.ceil(outcome.retryAfterMs / 1000)));
  }
  return sendPage(reply, statusOf[outcome.outcome], arrivalPage(context, outcome));
}

/** A field that came exactly once, as text; a repeated one is nobody's honest answer. */
export function textField(source: unknown, name: string): string | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  const value: unknown = Reflect.get(source, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
