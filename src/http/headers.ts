import type { FastifyInstance } from 'fastify';

const shared = "base-uri 'none'; frame-ancestors 'none'";

/** For whatever is not a page. */
const CSP_NOTHING = `default-src 'none'; form-action 'none'; ${shared}`;

/** For the pages that load their script and style from /assets. */
export const CSP_PAGE = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; ${shared}`;

/**
 * For pages that carry their own style and script, known by their hashes.
 * `form`: the page has a form, `self` or one whose answer redirects to a broker. Browsers hold `form-action` against every hop of
 * such a redirect, and the hops inside a broker are not ours to know, so the directive is left out there.
 */
export function cspOfNotice(
  hashes: { readonly style: string; readonly script: string },
  form: boolean | 'self',
): string {
  const action = form === true ? '' : ` form-action ${form ? "'self'" : "'none'"};`;
  return `default-src 'none'; style-src ${hashes.style}; script-src ${hashes.script};${action} ${shared}`;
}

/** Puts the security headers on every answer; a route may set a policy of its own before it answers. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    void reply.headers({
      'content-security-policy': CSP_NOTHING,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      // `no-referrer` would make browsers send `Origin: null` with our own forms, and the origin check refuse them.
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
  });
}
