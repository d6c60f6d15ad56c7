import type { FastifyInstance } from 'fastify';
import type { HttpContext } from './context.ts';
import { HttpFault } from './faults.ts';

type WebhookRoute = { Params: { broker: string; secret: string } };

/**
 * `POST /webhooks/:broker/:secret`, open to anybody, since brokers sign nothing: the path is the account's secret,
 * the fields are checked before anything else, and a token that passes is only kept for its proof. Answered fast.
 */
export function addWebhookRoutes(app: FastifyInstance, context: HttpContext): void {
  app.post<WebhookRoute>('/webhooks/:broker/:secret', async ({ params, body }, reply) => {
    const answer = await context.desk.takeNotice(params.broker, params.secret, body);
    if (answer.outcome === 'unknown-path') {
      context.log.debug({ event: 'webhook.unknown' }, 'Something was posted to a webhook that is none.');
    } else {
      const reason = answer.outcome === 'refused' ? { reason: answer.reason } : {};
      context.log.info(
        { event: 'webhook.arrived', outcome: answer.outcome, ...reason },
        'Something was posted to a webhook.',
      );
    }
    switch (answer.outcome) {
      case 'taken':
        return reply.send({ status: 'success' });
      case 'unknown-path':
        throw new HttpFault(404, 'NOT_FOUND');
      case 'refused':
        throw new HttpFault(400, 'NOTICE_REFUSED');
      case 'busy':
        void reply.header('retry-after', '5');
        throw new HttpFault(503, 'BUSY');
    }
  });
}
