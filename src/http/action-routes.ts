import type { FastifyInstance } from 'fastify';
import { readDuration } from '../core/duration.ts';
import { costOfOneMore } from '../core/one-more-try.ts';
import type { AccountStatus } from '../core/status.ts';
import { textField } from './consent-routes.ts';
import type { HttpContext } from './context.ts';
import { interventions, type AskAnswer, type RefreshAnswer } from './desk.ts';
import { HttpFault } from './faults.ts';
import { addressOf, filterOf } from './page/filter.ts';
import type { Said } from './page/said.ts';
import { sendPage } from './page/send.ts';
import { refusalOf, tryAgainPage } from './page/try-again.ts';
import type { Sight } from './sight.ts';

/** Failures count for an hour at most: nothing beyond it is asked of the plan. */
const PLAN_HOURS = 1;

/** What the page's buttons post: forms, answered by the page they came from, which says what came of it. */
export function addActionRoutes(app: FastifyInstance, context: HttpContext, sight: Sight): void {
  const { access, desk } = context;
  const back = (body: unknown, said: Said): string =>
    backTo(textField(body, 'back'), sight.sayings.keep(said));
  app.post<{ Params: { name: string } }>(
    '/accounts/:name/refresh',
    { config: { act: 'refresh' } },
    async (request, reply) => {
      if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
      const { body, params } = request;
      const rearm = textField(body, 'rearm') === '1';
      const moot = rearm ? mootOf(await desk.account(params.name), textField(body, 'refusal')) : undefined;
      if (moot !== undefined) return reply.redirect(back(body, { tone: 'waiting', text: moot }), 303);
      const answer = await desk.requestRefresh(params.name, { rearm });
      if (answer.outcome === 'unknown-name') throw new HttpFault(404, 'UNKNOWN_ACCOUNT', answer.message);
      return reply.redirect(back(body, saidOf(answer)), 303);
    },
  );

  app.get<{ Params: { name: string } }>('/accounts/:name/try-again', async (request, reply) => {
    if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
    const { query, params } = request;
    const account = await desk.account(params.name);
    if (!account) throw new HttpFault(404, 'UNKNOWN_ACCOUNT', `There is no account named ${params.name}.`);
    const moot = mootOf(account, refusalOf(account));
    if (moot !== undefined) return reply.redirect(back(query, { tone: 'waiting', text: moot }), 303);
    const now = context.clock.now();
    const cost = await desk.plan(PLAN_HOURS).then(
      (plan) => costOfOneMore(plan, account, now),
      () => undefined,
    );
    const title = context.titleOf(account.broker);
    const facts = { account, title, cost, back: viewOf(textField(query, 'back')), now };
    return sendPage(reply, 200, tryAgainPage(context.assets, facts));
  });

  app.post<{ Params: { name: string } }>(
    '/accounts/:name/ask',
    { config: { act: 'ask' } },
    async (request, reply) => {
      if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
      const { body, params } = request;
      const answer = await desk.ask(params.name);
      if (answer.outcome === 'unknown-name') throw new HttpFault(404, 'UNKNOWN_ACCOUNT', answer.message);
      return reply.redirect(back(body, saidOf(answer)), 303);
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
        return reply.redirect(back(body, { tone, text: answer.message }), 303);
      },
    );
  }
}

function saidOf({ outcome, message }: RefreshAnswer | AskAnswer): Said {
  return { tone: outcome === 'started' || outcome === 'asked' ? 'good' : 'waiting', text: message };
}

/**
 * Why one more try is not even asked for: it is not stopped any more, or was refused again since somebody read of it.
 * Two who press at once, and a page from before, cost one failed login and not two.
 */
function mootOf(account: AccountStatus | undefined, refusal: string | undefined): string | undefined {
  if (!account) return undefined;
  const { name } = account;
  if (account.state !== 'stopped') {
    return `${name} is not stopped any more: it goes on by itself, and nothing more was sent.`;
  }
  return refusal === refusalOf(account)
    ? undefined
    : `${name} has been refused since this was asked, and nothing more was sent. Look at it again.`;
}

/** The same view of the page; built anew from what the form says, so that it is ours. */
function viewOf(from: string | undefined): string {
  return addressOf(filterOf(Object.fromEntries(new URLSearchParams(from?.split('?')[1]))));
}

/** The same, with what is to be said. */
function backTo(from: string | undefined, said: string): string {
  const address = viewOf(from);
  return `${address}${address.includes('?') ? '&' : '?'}said=${said}`;
}
