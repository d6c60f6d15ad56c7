import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { durationRule, readDuration } from '../core/duration.ts';
import type { HttpContext } from './context.ts';
import { interventions, type AskAnswer, type InterventionAnswer } from './desk.ts';
import { HttpFault } from './faults.ts';
import { faultOfRefusal } from './token-routes.ts';

/** The body of `pause`, `resume` and `logout`; none is as good as an empty one. */
export const interventionBody = z.strictObject({
  /** When it ends by itself: `2h`, `90m`, `1d`. A resume has no end, and takes no notice of it. */
  for: z.string().optional(),
});

/** What they answer. */
export const interventionReply = z.object({
  status: z.literal('success'),
  message: z.string(),
  name: z.string(),
  state: z.enum(['paused', 'due', 'unchanged']),
  until: z.iso.datetime().nullable(),
  session: z
    .object({ ended: z.boolean(), reason: z.string(), valid_until: z.iso.datetime().nullable() })
    .optional(),
});

/** The body of `ask`: there is nothing to say. */
export const askBody = z.strictObject({});

/** What it answers. */
export const askReply = z.object({
  status: z.literal('success'),
  message: z.string(),
  name: z.string(),
  asked: z
    .enum(['now', 'before'])
    .nullable()
    .describe('`before`: its question is open still, and nobody is asked twice; null: not yet.'),
  until: z.iso.datetime().nullable().describe('How long the person may approve it.'),
});

type NamedRoute = { Params: { name: string } };

/** `/api/accounts/:name/…`: JSON only, for whoever is signed in. */
export function addAccountRoutes(app: FastifyInstance, { desk, access }: HttpContext): void {
  app.addHook('onRequest', async (request) => {
    if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
  });

  app.get<NamedRoute>('/api/accounts/:name/explain', async ({ params }) => {
    const explanation = await desk.explain(params.name);
    if (explanation === undefined) throw new HttpFault(404, 'UNKNOWN_ACCOUNT');
    return explanation;
  });

  app.post<NamedRoute>('/api/accounts/:name/ask', { config: { act: 'ask' } }, async (request, reply) => {
    if (!askBody.safeParse(request.body ?? {}).success)
      throw new HttpFault(400, 'INVALID_BODY', 'Send nothing.');
    const { name } = request.params;
    return sendAsked(reply, name, await desk.ask(name));
  });

  for (const what of interventions) {
    app.post<NamedRoute>(`/api/accounts/:name/${what}`, { config: { act: what } }, async (request, reply) => {
      const forMs = lengthIn(request.body);
      const { name } = request.params;
      return sendIntervention(reply, name, await desk.intervene(what, name, forMs));
    });
  }
}

function lengthIn(body: unknown): number | undefined {
  const read = interventionBody.safeParse(body ?? {});
  if (!read.success) {
    throw new HttpFault(
      400,
      'INVALID_BODY',
      'Send nothing, or {"for": "2h"} for an end that comes by itself.',
    );
  }
  if (read.data.for === undefined) return undefined;
  const ms = readDuration(read.data.for);
  if (ms === undefined) throw new HttpFault(400, 'INVALID_BODY', `"for" must be ${durationRule}.`);
  return ms;
}

function sendIntervention(reply: FastifyReply, name: string, answer: InterventionAnswer): FastifyReply {
  switch (answer.outcome) {
    case 'unknown-name':
      throw new HttpFault(404, 'UNKNOWN_ACCOUNT', answer.message);
    case 'disabled':
      throw new HttpFault(409, 'ACCOUNT_DISABLED', answer.message);
    case 'done':
    case 'under-way': {
      const { outcome, message, state, until, session } = answer;
      const body = { status: 'success', message, name, state, until, ...(session && { session }) } as const;
      return reply.code(outcome === 'done' ? 200 : 202).send(interventionReply.parse(body));
    }
  }
}

function sendAsked(reply: FastifyReply, name: string, answer: AskAnswer): FastifyReply {
  const { message } = answer;
  const said = { status: 'success', message, name } as const;
  switch (answer.outcome) {
    case 'asked':
    case 'asked-before': {
      const asked = answer.outcome === 'asked' ? 'now' : 'before';
      return reply.send(askReply.parse({ ...said, asked, until: answer.until }));
    }
    case 'under-way':
      return reply.code(202).send(askReply.parse({ ...said, asked: null, until: null }));
    case 'unknown-name':
      throw new HttpFault(404, 'UNKNOWN_ACCOUNT', message);
    case 'no-approval':
      throw new HttpFault(404, 'NO_APPROVAL', message);
    case 'nobody-asked':
      throw new HttpFault(409, 'NOBODY_ASKED', message, { retry_at: answer.retryAt });
    default:
      throw faultOfRefusal(answer);
  }
}
