import { isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bearerOf } from './access.ts';
import { makeBuckets, type Buckets, type Rate } from './buckets.ts';
import type { HttpContext } from './context.ts';
import { HttpFault } from './faults.ts';

/**
 * What one address may do. Guesses of the admin token are few, so that none is ever guessed; the others only keep one
 * caller from taking the service away from the rest, and are far above what a page, a bot or a broker wants.
 */
export const rates = {
  /** Sign-ins that were refused. */
  'sign-in': { burst: 10, perMinute: 5 },
  /** Bearer tokens that were wrong. */
  bearer: { burst: 30, perMinute: 20 },
  read: { burst: 1_200, perMinute: 1_200 },
  action: { burst: 240, perMinute: 120 },
  /** Logins that come back. */
  callback: { burst: 120, perMinute: 120 },
  webhook: { burst: 600, perMinute: 600 },
} as const satisfies Readonly<Record<string, Rate>>;

export type Limited = keyof typeof rates;

/** What a probe or a scrape asks is never refused: it would look like an outage. */
const free: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Bounds what one address may ask for: 429 with `Retry-After`. Goes before the routes' own hooks. */
export function addRateLimits(
  app: FastifyInstance,
  { access, clock, log }: Pick<HttpContext, 'access' | 'clock' | 'log'>,
): void {
  const buckets: Readonly<Record<Limited, Buckets>> = {
    'sign-in': makeBuckets(rates['sign-in']),
    bearer: makeBuckets(rates.bearer),
    read: makeBuckets(rates.read),
    action: makeBuckets(rates.action),
    callback: makeBuckets(rates.callback),
    webhook: makeBuckets(rates.webhook),
  };

  const refuse = (reply: FastifyReply, limit: Limited, retryMs: number): HttpFault => {
    const seconds = Math.max(1, Math.ceil(retryMs / 1000));
    void reply.header('retry-after', String(seconds));
    const what = limit === 'bearer' || limit === 'sign-in' ? 'wrong tokens' : 'requests';
    return new HttpFault(
      429,
      'TOO_MANY_REQUESTS',
      `Too many ${what} from your address; try again in ${String(seconds)} s.`,
    );
  };
  const take = (request: FastifyRequest, reply: FastifyReply, limit: Limited): void => {
    const { retryMs, first } = buckets[limit].take(addressOf(request), clock.now());
    // Once, and not for each request of a flood.
    if (first) {
      log.warn(
        { event: 'http.limit_reached', limit, from: request.ip },
        'An address asks for more than it may, and is refused for a time.',
      );
    }
    if (retryMs > 0) throw refuse(reply, limit, retryMs);
  };

  app.addHook('onRequest', async (request, reply) => {
    const limit = limitOf(request);
    if (limit === undefined) return;
    take(request, reply, limit);
    const bearer = limit === 'webhook' || limit === 'callback' ? undefined : bearerOf(request);
    if (bearer === undefined) return;
    // Before the token is looked at: else the answer would tell a right guess from a wrong one all the same.
    const retryMs = buckets.bearer.wait(addressOf(request), clock.now());
    if (retryMs > 0) take(request, reply, 'bearer');
    if (!access.tokenIsGood(bearer)) buckets.bearer.take(addressOf(request), clock.now());
  });

  // Taken before the body is read, so that many at once do not slip through; whoever knew the token owes nothing.
  app.addHook('onResponse', async (request, reply) => {
    if (limitOf(request) === 'sign-in' && reply.statusCode < 400)
      buckets['sign-in'].giveBack(addressOf(request));
  });
}

function limitOf({ method, routeOptions }: FastifyRequest): Limited | undefined {
  const url = routeOptions.url ?? '*';
  if (free.has(url)) return undefined;
  if (url.startsWith('/webhooks/')) return 'webhook';
  if (url === '/callback') return 'callback';
  const reads = method === 'GET' || method === 'HEAD';
  if (url === '/sign-in' && !reads) return 'sign-in';
  return reads ? 'read' : 'action';
}

/** One caller: of IPv6 the network, since a caller has all of its addresses; an IPv4 one the same however written. */
export function addressOf({ ip }: Pick<FastifyRequest, 'ip'>): string {
  const plain = ip.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: gap }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
