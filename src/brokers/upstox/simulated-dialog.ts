import type { DialectAnswer, DialectHost, DialectRequest } from '../../core/dialect.ts';
import { failure, html } from './simulated-answers.ts';
import { userIdFor, usersOf, type Apps, type Client } from './simulated-apps.ts';
import { switched } from './simulated-switches.ts';

/** Makes a single-use code for this client and user. */
type IssueCode = (client: Client, userId: string) => string;

/**
 * The dialog: GET shows a page with a button for each user of the app and two more, POST of one of them redirects.
 * `auto=1`, a user id, `other` or `cancel` in the query presses the button at once, for whoever has no browser.
 */
export function answerDialog(
  host: DialectHost,
  apps: Apps,
  request: DialectRequest,
  issueCode: IssueCode,
): DialectAnswer {
  const { query } = request;
  const clientId = query.get('client_id');
  const redirectUri = query.get('redirect_uri');
  if (!clientId) return failure(host, 400, 'UDAPI1017');
  if (!redirectUri || !URL.canParse(redirectUri)) return failure(host, 400, 'UDAPI1018');
  if (query.get('response_type') !== 'code') return failure(host, 400, 'UDAPI100036');
  if (switched(host, 'localhostRedirect') !== 'allowed' && isPlainLocal(redirectUri)) {
    return failure(host, 401, 'UDAPI100068');
  }
  const known = apps.of(clientId);
  const client = { ...known, redirectUri: known.redirectUri ?? redirectUri };
  apps.put(client);
  if (client.redirectUri !== redirectUri) return failure(host, 401, 'UDAPI100068');

  const pressed =
    query.get('auto') ?? (request.method === 'POST' ? new URLSearchParams(request.body).get('as') : null);
  const back = (extra: Readonly<Record<string, string>>): DialectAnswer => {
    const target = new URL(redirectUri);
    const state = query.get('state');
    const all = { ...extra, ...(state === null ? {} : { state }) };
    for (const [name, value] of Object.entries(all)) target.searchParams.set(name, value);
    return { status: 302, headers: { location: target.href } };
  };
  if (pressed !== null && usersOf(client).includes(pressed))
    return back({ code: issueCode(client, pressed) });
  switch (pressed) {
    case '1':
      return back({ code: issueCode(client, client.userId) });
    case 'other':
      return back({ code: issueCode(client, somebodyElse(client)) });
    case 'cancel': {
      const cancel = switched(host, 'cancel');
      if (cancel === 'no redirect')
        return html(200, page('<p>The login was cancelled. You may close this page.</p>'));
      const [, error] = /^error=(\w+)$/.exec(cancel) ?? [];
      return back(error === undefined ? {} : { error });
    }
    default:
      return html(200, loginPage(client));
  }
}

const somebodyElse = (client: Client): string => userIdFor(`${client.clientId} somebody else`);

function isPlainLocal(redirectUri: string): boolean {
  const { protocol, hostname } = new URL(redirectUri);
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '127.0.0.1');
}

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0).toString()};`);

const page = (body: string): string =>
  '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Upstox (simulated)</title>' +
  '<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;' +
  'margin:12vh auto;padding:0 1rem}button{display:block;width:100%;margin:.6rem 0;padding:.7rem;font:inherit;' +
  'border:1px solid #999;border-radius:.4rem;background:#fff;cursor:pointer}button.main{background:#5a298b;' +
  'border-color:#5a298b;color:#fff}small{color:#666;overflow-wrap:anywhere}</style></head>' +
  `<body><h1>Upstox (simulated)</h1>${body}</body></html>`;

const userButton = (userId: string, value = userId): string =>
  `<button class="main" name="as" value="${escape(value)}">Log in as ${escape(userId)} (simulated)</button>`;

/** The form has no action: it posts to the address it was shown at, query and all. */
const loginPage = (client: Client & { readonly redirectUri: string }): string =>
  page(
    '<p>This is the built-in simulator: no real account, no real login.</p>' +
      `<p>An app asks for a token of <strong>${usersOf(client).map(escape).join('</strong> or <strong>')}</strong>.</p>` +
      `<form method="post">${userButton(client.userId, '1')}${(client.others ?? []).map((each) => userButton(each)).join('')}` +
      `<button name="as" value="other">Log in as somebody else (${escape(somebodyElse(client))})</button>` +
      '<button name="as" value="cancel">Cancel</button></form>' +
      `<p><small>App ${escape(client.clientId)}, back to ${escape(client.redirectUri)}</small></p>`,
  );
