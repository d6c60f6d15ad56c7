import type { FastifyInstance, FastifyRequest } from 'fastify';
import { pathOf } from './bare-app.ts';
import type { HttpContext } from './context.ts';
import { CHALLENGE, faultCodes, judge, sendFault, wantsJson } from './faults.ts';
import { html } from './page/html.ts';
import { bouncePage, noticePage } from './page/notice.ts';
import { sendPage } from './page/send.ts';
import { safePath, sendSignIn } from './page-routes.ts';

const RETRY_SECONDS = 10;
const HOME = '/dashboard';
const AGAIN = `This page tries again by itself every ${String(RETRY_SECONDS)} s.`;
const NO_WAY_IN = 'That did not work';
const NEEDS_LINK = 'A login begins with the link in the newest alert: it brings its own ticket.';

/** Where a fault is said: on the listener for the outside nobody can sign in. */
export type Side = 'inside' | 'outside';

/** Says faults on a page, and in the contract's shape to whoever asks for JSON. */
export function addPageFaults(app: FastifyInstance, { assets, log }: HttpContext, side: Side): void {
  app.setErrorHandler((error, request, reply) => {
    const fault = judge(error, request, log);
    if (wantsJson(request)) return sendFault(reply, fault);
    const path = pathOf(request);
    if (fault.status === 401 && side === 'outside') {
      void reply.header('www-authenticate', CHALLENGE);
      const text = fault.message === faultCodes.UNAUTHORIZED ? NEEDS_LINK : `${fault.message} ${NEEDS_LINK}`;
      return sendPage(reply, 401, noticePage(assets, { tone: 'waiting', title: NO_WAY_IN, text }));
    }
    if (fault.status === 401 && request.method === 'GET') {
      if (comesFromElsewhere(request)) return sendPage(reply, 401, bouncePage(assets, path));
      const complaint = fault.message === faultCodes.UNAUTHORIZED ? undefined : fault.message;
      return sendSignIn(reply, 401, safePath(path), complaint);
    }
    const ours = fault.status >= 500;
    const page = noticePage(assets, {
      tone: ours ? 'bad' : 'waiting',
      title: fault.code === 'NOT_READY' ? 'The service is not ready' : ours ? 'Something failed' : NO_WAY_IN,
      text: fault.message,
      ...(ours &&
        path === HOME && {
          more: html`<p class="quiet">${AGAIN}</p>`,
          refresh: { seconds: RETRY_SECONDS, path },
        }),
    });
    return sendPage(reply, fault.status, page);
  });
}

/** True for a link on another site: the browser held our cookie back, whether or not it has one. */
function comesFromElsewhere({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] === 'navigate';
}
