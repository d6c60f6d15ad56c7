import type { FastifyInstance } from 'fastify';
import { readDuration } from '../core/duration.ts';
import { textField } from './consent-routes.ts';
import type { HttpContext } from './context.ts';
import { interventions, type AskAnswer, type RefreshAnswer } from './desk.ts';
import { HttpFault } from './faults.ts';
import { addressOf, filterOf } from './page/filter.ts';
import type { Said } from './page/said.ts';
import type { Sight } from './sight.ts';

/** What the page's buttons post: forms, answered by the page they came from, which says what came of it. */
export function addActionRoutes(app: FastifyInstance, { access, desk }: HttpContext, sight: Sight): void {
  app.post<{ Params: { name: string } }>(
    '/accounts/:name/refresh',
    { config: { act: 'refresh' } },
    async (request, reply) => {
      if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
      const { body, params } = request;
      const rearm = textField(body, 'rearm') === '1';
      const answer = await desk.requestRefresh(params.name, { rearm });
      if (answer.outcome === 'unknown-name') throw new HttpFault(404, 'UNKNOWN_ACCOUNT', answer.message);
      return reply.redirect(backTo(textField(body, 'back'), sight.sayings.keep(saidOf(answer))), 303);
    },
  );

  app.post<{ Params: { name: string } }>(
    '/accounts/:name/ask',
    { config: { act: 'ask' } },
    async (request, reply) => {
      if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
      const { body, params } = request;
      const answer = await desk.ask(params.name);
      if (answer.outcome === 'unknown-name') throw new HttpFault(404, 'UNKNOWN_ACCOUNT', answer.message);
      return reply.redirect(backTo(textField(body, 'back'), sight.sayings.keep(saidOf(answer))), 303);
    },
  );

  for (const what of interventions) {
    app.post<{ Params: { name: string } }>(
      `/accounts/:name/${what}`,
      { config: { act: what } },
      async (request, reply) => {
        if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
        const { body, params } = request;
        const length = textField(body, 'for') ?? '';
        const forMs = length === '' ? undefined : readDuration(length);
        if (length !== '' && forMs === undefined) throw new HttpFault(400, 'INVALID_BODY');
        const answer = await desk.intervene(what, params.name, forMs);
        if (answer.outcome === 'unknown-name') throw new HttpFault(404, 'UNKNOWN_ACCOUNT', answer.message);
        const tone = answer.outcome === 'disabled' ? 'waiting' : 'good';
        const said = sight.sayings.keep({ tone, text: answer.message });
        return reply.redirect(backTo(textField(body, 'back'), said), 303);
      },
    );
  }
}

function saidOf({ outcome, message }: RefreshAnswer | AskAnswer): Said {
  return { tone: outcome === 'started' || outcome === 'asked' ? 'good' : 'waiting', text: message };
}

/** The same view of the page, with what is to be said; built anew from what the form says, so that it is ours. */
function backTo(from: string | undefined, said: string): string {
  const query = new URLSearchParams(from?.split('?')[1]);
  const address = addressOf(filterOf(Object.fromEntries(query)));
  return `${address}${address.includes('?') ? '&' : '?'}said=${said}`;
}
