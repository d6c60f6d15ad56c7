import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { textField } from './consent-routes.ts';
import type { HttpContext } from './context.ts';
import { CHALLENGE, HttpFault } from './faults.ts';
import { CSP_PAGE } from './headers.ts';
import { filterOf } from './page/filter.ts';
import { bouncePage } from './page/notice.ts';
import { sendPage } from './page/send.ts';
import { signInPage } from './page/sign-in.ts';
import type { Sight } from './sight.ts';

const HOME = '/dashboard';

/** The style, scripts and icons of the pages. They hold nothing secret: the sign-in form needs them too. */
export function addAssetRoutes(app: FastifyInstance, { assets }: HttpContext): void {
  app.get<{ Params: { file: string } }>('/assets/:file', async (request, reply) => {
    const asset = assets.files.get(request.params.file);
    if (asset === undefined) throw new HttpFault(404, 'NOT_FOUND');
    void reply.headers({ 'cache-control': 'no-cache', etag: asset.etag });
    if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
    return reply.type(asset.type).send(asset.text);
  });
}

/** `/dashboard`: every account and what it waits for, as of now. */
export function addDashboard(app: FastifyInstance, { access }: HttpContext, sight: Sight): void {
  app.get(HOME, async (request, reply) => {
    if (!access.isSignedIn(request)) throw new HttpFault(401, 'UNAUTHORIZED');
    const filter = filterOf(request.query);
    const picture = await sight.board.take();
    const page = sight.page(
      await sight.draw(picture, filter),
      filter,
      picture,
      textField(request.query, 'said'),
    );
    return sendPage(reply, 200, { markup: page.markup, csp: CSP_PAGE });
  });
}

/** Signing in with the admin token, or with the one-time link that the start prints; and out again. */
export function addSignInRoutes(app: FastifyInstance, context: HttpContext): void {
  const { access, log } = context;

  app.get('/sign-in', async (request, reply) =>
    access.isSignedIn(request) ? reply.redirect(HOME, 303) : sendSignIn(reply, 200, HOME, undefined),
  );

  app.post('/sign-in', { config: { act: 'sign-in' } }, async (request, reply) => {
    const token = textField(request.body, 'token');
    const link = textField(request.body, 'link');
    const next = safePath(textField(request.body, 'next'));
    const known = link === undefined ? access.tokenIsGood(token ?? '') : access.spendLink(link);
    if (!known) {
      log.warn(
        { event: 'page.sign_in_refused', from: request.ip },
        'Somebody tried to sign in and was refused.',
      );
      const complaint =
        link === undefined
          ? 'That is not the admin token.'
          : 'That link was used already, or is too old. Sign in with the admin token.';
      return sendSignIn(reply, 401, next, complaint);
    }
    log.info({ event: 'page.signed_in', from: request.ip }, 'Somebody signed in to the page.');
    const session = access.openSession();
    void reply.setCookie(access.cookieName, session.value, {
      path: '/',
      httpOnly: true,
      sameSite: 'strict',
      secure: isSecure(request, context),
      maxAge: session.maxAgeSeconds,
    });
    // On to a broker only by way of a page: `form-action` of the form would stop a redirect that leaves us.
    return next === HOME ? reply.redirect(HOME, 303) : sendPage(reply, 200, bouncePage(context.assets, next));
  });

  app.post('/sign-out', { config: { act: 'sign-out' } }, async (_request, reply) =>
    reply.clearCookie(access.cookieName, { path: '/' }).redirect('/sign-in', 303),
  );
}

/** Shows the form; `next` is where it leads. */
export function sendSignIn(
  reply: FastifyReply,
  status: number,
  next: string,
  complaint: string | undefined,
): FastifyReply {
  if (status === 401) void reply.header('www-authenticate', CHALLENGE);
  return sendPage(reply, status, { markup: signInPage({ next, complaint }).markup, csp: CSP_PAGE });
}

/** One of our own pages that a person may have wanted before signing in, else the dashboard. */
export function safePath(wanted: string | undefined): string {
  return wanted !== undefined && /^\/oauth\/[\w.@%-]+\/[\w.@%-]+$/.test(wanted) ? wanted : HOME;
}

/** Over TLS, also where the proxy in front does not say so. */
function isSecure(request: FastifyRequest, { publicUrl, pageUrl }: HttpContext): boolean {
  const isOurs = ({ protocol, host }: URL): boolean => protocol === 'https:' && request.host === host;
  return request.protocol === 'https' || isOurs(publicUrl) || isOurs(pageUrl);
}
