import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Arrival } from '../core/broker.ts';
import type { HttpContext } from './context.ts';
import type { ConsentOutcome } from './desk.ts';
import { HttpFault, sendFault, wantsJson, type FaultCode } from './faults.ts';
import { arrivalPage, ticketPage } from './page/consent.ts';
import { sendPage } from './page/send.ts';

type OauthRoute = { Params: { broker: string; name: string } };

/** By how a login ended that brought no token: the status of its answer, and its code for whoever asks for JSON. */
const faultOf: Readonly<
  Record<Exclude<ConsentOutcome['outcome'], 'done' | 'handed-over'>, readonly [number, FaultCode]>
> = {
  'unknown-state': [400, 'UNKNOWN_STATE'],
  'someone-else': [409, 'ANOTHER_USER'],
  'not-served': [409, 'NOT_SERVED'],
  'broker-failed': [502, 'BROKER_FAILED'],
  'not-now': [503, 'NOT_NOW'],
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

/** Ends a browser login with what came back in the query, and says on a page what happened, or in JSON where that is asked for. */
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
  if (outcome.outcome === 'done' || outcome.outcome === 'handed-over') {
    if (wantsJson(request)) return reply.send({ status: 'success', message: outcome.message });
    return sendPage(reply, 200, arrivalPage(context, outcome));
  }
  const [status, faultCode] = faultOf[outcome.outcome];
  if (wantsJson(request)) return sendFault(reply, new HttpFault(status, faultCode, outcome.message));
  return sendPage(reply, status, arrivalPage(context, outcome));
}

/** A field that came exactly once, as text; a repeated one is nobody's honest answer. */
export function textField(source: unknown, name: string): string | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  const value: unknown = Reflect.get(source, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
