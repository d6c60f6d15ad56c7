import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { planAnswer } from '../core/plan-words.ts';
import type { HttpContext } from './context.ts';
import { HttpFault } from './faults.ts';

const MOST_HOURS = 168;
/** How far ahead a plan looks. */
export const hours = z.int().min(1).max(MOST_HOURS);
const query = z.object({
  hours: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(hours)
    .default(24),
});

/** `GET /api/plan`: the coming refreshes against each broker's budgets, for whoever is signed in. */
export function addPlanRoutes(app: FastifyInstance, { desk, access }: HttpContext): void {
  app.get(
    '/api/plan',
    {
      onRequest: async (request) => {
        if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
      },
    },
    async (request) => {
      const asked = query.safeParse(request.query);
      if (!asked.success)
        throw new HttpFault(400, 'BAD_REQUEST', `"hours" must be a whole number from 1 to ${MOST_HOURS}.`);
      return planAnswer(await desk.plan(asked.data.hours));
    },
  );
}
