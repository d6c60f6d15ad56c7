import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../core/clock.ts';

const SESSION_LIFE_MS = 7 * 24 * 60 * 60_000;
const LINK_LIFE_MS = 12 * 60 * 60_000;

/** Who may see the page and use the API: whoever holds the admin token, or a session made with it. */
export interface Access {
  /** Differs per admin token: services that share a host (cookies ignore ports) keep apart. */
  readonly cookieName: string;
  tokenIsGood(presented: string): boolean;
  /** A signed value for the cookie, and its life in seconds. It is not the token and does not hold it. */
  openSession(): { readonly value: string; readonly maxAgeSeconds: number };
  /** True where the request brings the admin token as a bearer, or a cookie with a session that is still good. */
  isSignedIn(request: FastifyRequest): boolean;
  /** A one-time secret that opens a session in place of the admin token; good for 12 hours in this process. */
  makeLink(): string;
  /** True once for a secret of `makeLink`. */
  spendLink(presented: string): boolean;
}

/** Sessions are signed with a key drawn from the admin token: they outlive a restart and end with the token. */
export function makeAccess(adminToken: string, clock: Clock): Access {
  const key = createHmac('sha256', adminToken).update('token-refresher page session').digest();
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');
  const cookieName = `refresher_${sign('cookie name').replaceAll(/\W/g, '').slice(0, 8)}`;
  const links = new Map<string, number>();
  const linkId = (link: string): string => sign(`link ${link}`);

  const tokenIsGood = (presented: string): boolean => presented !== '' && same(presented, adminToken);
  const sessionIsGood = (value: string): boolean => {
    const [until, signature, ...more] = value.split('.');
    if (until === undefined || signature === undefined || more.length > 0) return false;
    return same(signature, sign(`session ${until}`)) && Number(until) > clock.now();
  };

  return {
    cookieName,
    tokenIsGood,
    openSession: () => {
      const until = String(clock.now() + SESSION_LIFE_MS);
      return { value: `${until}.${sign(`session ${until}`)}`, maxAgeSeconds: SESSION_LIFE_MS / 1000 };
    },
    isSignedIn: (request) => {
      const bearer = bearerOf(request);
      if (bearer !== undefined) return tokenIsGood(bearer);
      const cookie = request.cookies[cookieName];
      return cookie !== undefined && sessionIsGood(cookie);
    },
    makeLink: () => {
      const link = randomBytes(24).toString('base64url');
      links.set(linkId(link), clock.now() + LINK_LIFE_MS);
      return link;
    },
    spendLink: (presented) => {
      const until = links.get(linkId(presented));
      links.delete(linkId(presented));
      return until !== undefined && until > clock.now();
    },
  };
}

/** What stands after `Bearer`; an empty string for any other `Authorization`, undefined without the header. */
export function bearerOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  return header === undefined ? undefined : (/^bearer +(\S+) *$/i.exec(header)?.[1] ?? '');
}

/**
 * False where a browser says that another site made it send this request. `SameSite=Strict` alone does not do:
 * every port of localhost is the same site. No such header at all means no browser (Go's
 * net/http.CrossOriginProtection judges in the same order).
 */
export function isSameOrigin(
  request: FastifyRequest,
  { publicUrl, pageUrl }: { readonly publicUrl: URL; readonly pageUrl: URL },
): boolean {
  const site = request.headers['sec-fetch-site'];
  if (typeof site === 'string') return site === 'same-origin' || site === 'none';
  const { origin } = request.headers;
  if (origin === undefined) return true;
  return (
    origin === publicUrl.origin ||
    origin === pageUrl.origin ||
    (URL.canParse(origin) && new URL(origin).host === request.host)
  );
}

/** Compares in constant time, whatever the lengths. */
function same(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
