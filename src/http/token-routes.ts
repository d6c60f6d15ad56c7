import type { FastifyInstance, FastifyReply } from 'fastify';
import pLimit from 'p-limit';
import { z } from 'zod';
import { momentAfter } from '../core/day.ts';
import type { HttpContext } from './context.ts';
import type { Desk, RefreshAnswer, Refusal } from './desk.ts';
import { HttpFault, sendFault, type FaultCode } from './faults.ts';
import { isServed, overview } from '../core/summary.ts';

/** Refresh requests that are put to the service at once. */
const FAN_OUT = 10;

/** The body of `force-refresh`; none is as good as an empty one. */
export const wish = z.union([
  z.strictObject({ username: z.string().min(1), rearm: z.boolean().optional() }),
  z.strictObject({ all: z.literal(true) }),
  z.strictObject({ rearm: z.boolean().optional() }),
]);

const refusals = {
  stopped: 'ACCOUNT_STOPPED',
  paused: 'ACCOUNT_PAUSED',
  disabled: 'ACCOUNT_DISABLED',
  silent: 'BROKER_SILENT',
  'held-back': 'BUDGET_SPENT',
} as const satisfies Readonly<Record<string, FaultCode>>;

/** `/api/token/*`: JSON only, for whoever is signed in. */
export function addTokenRoutes(app: FastifyInstance, context: HttpContext): void {
  const { desk, access } = context;

  app.addHook('onRequest', async (request) => {
    if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
  });

  app.get('/api/token/status', async () => {
    const accounts = await desk.accounts();
    return overview(accounts, await desk.silences(accounts));
  });

  app.get<{ Params: { name: string } }>('/api/token/status/:name', async (request) => {
    const account = await desk.account(request.params.name);
    if (account === undefined) throw new HttpFault(404, 'UNKNOWN_ACCOUNT');
    return account;
  });

  app.post('/api/token/force-refresh', { config: { act: 'refresh' } }, async (request, reply) => {
    const asked = wish.safeParse(request.body ?? {});
    if (!asked.success) {
      throw new HttpFault(
        400,
        'INVALID_BODY',
        'Send {"username": "<name>"} or {"all": true}; "rearm": true may go with one name.',
      );
    }
    if ('all' in asked.data) return refreshAll(desk, reply);
    const name = 'username' in asked.data ? asked.data.username : await onlyName(desk);
    return sendRefreshAnswer(reply, await desk.requestRefresh(name, { rearm: asked.data.rearm ?? false }));
  });
}

/** The one account there is, for a request that names none. */
async function onlyName(desk: Desk): Promise<string> {
  const [first, ...others] = await desk.accounts();
  if (first === undefined) throw new HttpFault(404, 'UNKNOWN_ACCOUNT', 'No account is configured.');
  if (others.length === 0) return first.name;
  throw new HttpFault(
    400,
    'INVALID_BODY',
    `There are ${String(others.length + 1)} accounts: send {"username": "<name>"} or {"all": true}.`,
  );
}

function sendRefreshAnswer(reply: FastifyReply, answer: RefreshAnswer): FastifyReply {
  const { message } = answer;
  switch (answer.outcome) {
    case 'started':
      return reply.code(202).send({ status: 'success', message });
    case 'action-required':
      return reply.code(200).send({ status: 'action_required', message, url: answer.url });
    case 'stopped':
    case 'paused':
    case 'disabled':
    case 'silent':
    case 'held-back':
      return sendFault(reply, faultOfRefusal(answer));
    case 'unknown-name':
      return sendFault(reply, new HttpFault(404, 'UNKNOWN_ACCOUNT', message));
  }
}

/** Why nothing is tried now, and when it may be. */
export const faultOfRefusal = ({ outcome, message, retryAt }: Refusal): HttpFault =>
  new HttpFault(409, refusals[outcome], message, { retry_at: retryAt });

/** Asks for every account that is in service and finds room in the brokers' budgets; of the others it says when they fit. */
async function refreshAll(desk: Desk, reply: FastifyReply): Promise<FastifyReply> {
  const names = (await desk.accounts()).filter(isServed).map((account) => account.name);
  const limit = pLimit(FAN_OUT);
  // Those without room would wait in line, and be in the way of tokens that are due.
  const lacking = await desk.lackingRoom();
  const answers = await limit.map(names, async (name) => ({
    name,
    ...(await desk.requestRefresh(name, { rearm: false, room: lacking.get(name) })),
  }));

  const started = answers.filter((answer) => answer.outcome === 'started').length;
  const action_required = answers.flatMap((answer) =>
    answer.outcome === 'action-required'
      ? [{ name: answer.name, message: answer.message, url: answer.url }]
      : [],
  );
  const refused = answers.flatMap((answer) =>
    'retryAt' in answer ? [{ name: answer.name, message: answer.message, retry_at: answer.retryAt }] : [],
  );
  const retry_at =
    refused
      .flatMap((answer) => answer.retry_at ?? [])
      .sort()
      .at(-1) ?? null;
  const result = { started, action_required, refused, retry_at };
  const message =
    `${String(started)} of ${String(names.length)} refreshes start now; ` +
    `${String(action_required.length)} ${action_required.length === 1 ? 'needs' : 'need'} a person, ` +
    `${String(refused.length)} cannot start` +
    (retry_at === null ? '.' : `, the last of them not before ${momentAfter(Date.parse(retry_at))}.`);

  if (started > 0) return reply.code(202).send({ status: 'success', message, ...result });
  const [first] = action_required;
  if (first) return reply.code(200).send({ status: 'action_required', message, url: first.url, ...result });
  return sendFault(reply, new HttpFault(409, 'NOTHING_STARTS', message, result));
}
