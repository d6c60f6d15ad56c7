import type { FastifyInstance } from 'fastify';
import type { Clock } from '../core/clock.ts';
import type { HttpContext } from './context.ts';
import type { Desk, Readiness } from './desk.ts';
import { faultBody, HttpFault } from './faults.ts';

const READINESS_DEADLINE_MS = 2_000;

/** `/livez` and `/readyz`: open to all, without the name of an account. */
export function addHealthRoutes(app: FastifyInstance, context: HttpContext): void {
  app.get('/livez', { exposeHeadRoute: true }, () => ({ status: 'ok', version: context.version }));

  app.get('/readyz', { exposeHeadRoute: true }, async (_request, reply) => {
    const { ready, reasons, details } = await readinessOf(context.desk, context.clock);
    if (ready) return { status: 'ready', reasons, details };
    const fault = new HttpFault(503, 'NOT_READY', reasons.join('; '), { reasons, details });
    return reply.code(503).send(faultBody(fault));
  });
}

/** `/metrics`: Prometheus' text, open to all, without the name of an account. */
export function addMetricsRoute(app: FastifyInstance, { metrics }: HttpContext): void {
  app.get('/metrics', async (_request, reply) => {
    const text = await metrics.text().catch(() => undefined);
    if (text === undefined) throw new HttpFault(503, 'NOT_READY', 'Redis does not answer.');
    return reply.header('content-type', metrics.contentType).send(text);
  });
}

/** The desk's readiness; a desk that fails or hangs (Redis is away) is not ready, and says so in time. */
export async function readinessOf(desk: Desk, clock: Clock): Promise<Readiness> {
  const notReady = (reason: string): Readiness => ({ ready: false, reasons: [reason], details: [] });
  const answered = new AbortController();
  const late = clock
    .sleep(READINESS_DEADLINE_MS, answered.signal)
    .then(() => notReady(`no answer about readiness within ${String(READINESS_DEADLINE_MS / 1000)} s`));
  const answer = desk.readiness().catch(() => notReady('readiness could not be found out; the log says why'));
  const readiness = await Promise.race([answer, late]);
  answered.abort();
  return readiness;
}
