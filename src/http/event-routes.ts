import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isSameOrigin } from './access.ts';
import type { Picture } from './board.ts';
import type { HttpContext } from './context.ts';
import { HttpFault } from './faults.ts';
import { filterOf, type Filter } from './page/filter.ts';
import { newsOf, sentOf, type Sent } from './page/news.ts';
import type { View } from './page/view.ts';
import type { Sight } from './sight.ts';

/** More pages than this ask for themselves, every few seconds. */
const MOST_STREAMS = 32;
/** Whoever finds no place may ask for one again after this long, seconds: pages come and go. */
const FULL_S = 30;
/** A line now and then, so that neither side nor what is between takes the stream for dead. */
const HEARTBEAT_MS = 15_000;
/** A stream ends after this long, and the browser opens the next: whoever was signed out meanwhile gets none. */
const LONGEST_MS = 30 * 60_000;
/** Where the browser finds nobody it comes back after this long. */
const RETRY_MS = 3_000;

/**
 * `GET /api/events`: what changes on the page that has the same query, as server-sent events. The first one,
 * `page`, is all that the page shows; each `news` is what differs from what was sent before; `trouble` says that
 * the accounts cannot be read just now.
 */
export function addEventRoutes(app: FastifyInstance, context: HttpContext, sight: Sight): void {
  const { access, clock } = context;
  const open = new Set<AbortController>();
  app.addHook('preClose', async () => {
    for (const each of open) each.abort();
  });

  app.get('/api/events', async (request, reply) => {
    if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
    if (!isSameOrigin(request, context)) throw new HttpFault(403, 'CROSS_ORIGIN');
    if (open.size >= MOST_STREAMS) {
      void reply.header('retry-after', String(FULL_S));
      throw new HttpFault(429, 'TOO_MANY_STREAMS');
    }
    const ending = new AbortController();
    const end = (): void => ending.abort();
    open.add(ending);
    reply.raw.once('close', () => {
      open.delete(ending);
      end();
    });
    void clock.sleep(LONGEST_MS, ending.signal).then(end);
    // A proxy that gathers what it passes on would hold the news back.
    void reply.headers({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    return reply.send(Readable.from(told(request, ending.signal), { objectMode: false, highWaterMark: 1 }));
  });

  /** A slow reader is told less often, not more at once: the next picture is drawn when the last was taken. */
  async function* told(request: FastifyRequest, signal: AbortSignal): AsyncGenerator<string> {
    const filter = filterOf(request.query);
    let seen = { version: 0, sent: undefined as Sent | undefined };
    yield `retry: ${RETRY_MS}\n\n`;
    for (;;) {
      const heard = await nextOrNothing(seen.version, signal);
      if (signal.aborted || !access.isSignedIn(request)) return;
      if (heard === undefined) yield ': still here\n\n';
      else if (heard === 'trouble') yield event('trouble', {});
      else {
        const view = await sight.draw(heard, filter);
        const sent = sentOf(view);
        yield event(...saying(view, heard, filter, seen.sent, sent));
        seen = { version: heard.version, sent };
      }
    }
  }

  /** The next picture, or undefined where none comes for the time of a heartbeat. */
  async function nextOrNothing(
    version: number,
    signal: AbortSignal,
  ): Promise<Picture | 'trouble' | undefined> {
    const waited = new AbortController();
    const either = AbortSignal.any([signal, waited.signal]);
    const beat = clock.sleep(HEARTBEAT_MS, either).then(() => undefined);
    const next = sight.board.newer(version, either).catch(() => 'trouble' as const);
    const heard = await Promise.race([next, beat]);
    waited.abort();
    return heard;
  }

  function saying(
    view: View,
    { now }: Picture,
    filter: Filter,
    before: Sent | undefined,
    sent: Sent,
  ): readonly [string, object] {
    const news = before && newsOf(view, before, sent);
    return news
      ? ['news', { now, ...news }]
      : ['page', { now, title: view.title, tone: view.tone, main: sight.main(view, filter).markup }];
  }
}

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
