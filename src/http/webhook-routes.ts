import type { FastifyInstance } from 'fastify';
import type { HttpContext } from './context.ts';
import { HttpFault } from './faults.ts';

/** How often posts to unknown paths are worth a line, ms. */
const SAY_MS = 60_000;

type WebhookRoute = { Params: { broker: string; secret: string } };

/**
 * `POST /webhooks/:broker/:secret`, open to anybody, since brokers sign nothing: the path is the account's secret,
 * the fields are checked before anything else, and a token that passes is only kept for its proof. Answered fast.
 */
export function addWebhookRoutes(app: FastifyInstance, context: HttpContext): void {
  let saidAt = -SAY_MS;
  app.post<WebhookRoute>('/webhooks/:broker/:secret', async ({ params, body }, reply) => {
    const answer = await context.desk.takeNotice(params.broker, params.secret, body);
    if (answer.outcome === 'unknown-path') {
      // A person's approval that goes nowhere is worth a line; a scanner is not worth one for each try.
      if (context.clock.now() < saidAt + SAY_MS) throw new HttpFault(404, 'NOT_FOUND');
      saidAt = context.clock.now();
      context.log.warn(
        { event: 'webhook.unknown' },
        'Something was posted to a webhook that is none: is the address at the broker the one that "login NAME --webhook" prints?',
      );
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
