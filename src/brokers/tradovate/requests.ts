import type { HttpRequest } from '../../core/broker.ts';
import type { TradovateApiKey } from './account.ts';

/** Whom the bridge was made for. Clients send it as Origin and Referer; whether it is needed is unknown. */
export const BRIDGE_ORIGIN = 'https://www.tradingview.com';

/** Who asks, of what host. */
interface Asking {
  readonly baseUrl: string;
  /** Undefined: the service's own. */
  readonly userAgent: string | undefined;
}

interface Authorize extends Asking {
  readonly username: string;
  readonly password: string;
  /** From a penalty: sent back with the identical body, once. */
  readonly ticket: string | undefined;
  /** Of whom the bridge was made for, and what else a browser may send there; lower-case names. */
  readonly bridgeHeaders: Readonly<Record<string, string>>;
}

/**
 * The one call of a bridge login. Tradovate does not document it: it is TradingView's Broker REST
 * `PasswordBearer` login (github tradingview/rest_integrations_docs, source/trading/Authentication.rst),
 * with the details known from clients.
 */
export function authorizeRequest(authorize: Authorize): HttpRequest {
  const { baseUrl, username, password, ticket, bridgeHeaders, userAgent } = authorize;
  const form = new URLSearchParams({ locale: 'en', login: username, password });
  if (ticket !== undefined) form.set('p-ticket', ticket);
  return {
    method: 'POST',
    url: `${baseUrl}/authorize?locale=en`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...bridgeHeaders,
      ...(userAgent !== undefined && { 'user-agent': userAgent }),
    },
    body: form.toString(),
  };
}

interface AccessToken extends Asking {
  readonly username: string;
  readonly password: string;
  readonly api: TradovateApiKey;
  readonly ticket: string | undefined;
}

/**
 * The one call of a native login (partner.tradovate.com, access-token-request): JSON, no
 * Authorization, `cid` a number (…, 5-minute-quickstart; a client says that a string is turned away).
 */
export function accessTokenRequest(wanted: AccessToken): HttpRequest {
  const { baseUrl, username, password, api, ticket, userAgent } = wanted;
  const { appId, appVersion, deviceId, cid, sec } = api;
  const body = { name: username, password, appId, appVersion, deviceId, cid, sec };
  return {
    method: 'POST',
    url: `${baseUrl}/auth/accesstokenrequest`,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(userAgent !== undefined && { 'user-agent': userAgent }),
    },
    body: JSON.stringify(ticket === undefined ? body : { ...body, 'p-ticket': ticket }),
  };
}

/** Where a renewal puts a penalty's ticket: no document says where, since it has no body. */
export const ticketPlaces = ['none', 'query', 'header'] as const;
export type TicketPlace = (typeof ticketPlaces)[number];

interface Renewal extends Asking {
  readonly token: string;
  readonly ticket: string | undefined;
  readonly ticketIn: TicketPlace;
}

/** Renews a token that lives (partner.tradovate.com, renew-access-token): GET, no body. */
export function renewalRequest({ ticket, ticketIn, ...asking }: Renewal): HttpRequest {
  const plain = readRequest({ ...asking, path: '/auth/renewaccesstoken' });
  if (ticket === undefined || ticketIn === 'none') return plain;
  return ticketIn === 'query'
    ? { ...plain, url: `${plain.url}?p-ticket=${encodeURIComponent(ticket)}` }
    : { ...plain, headers: { ...plain.headers, 'p-ticket': ticket } };
}

interface Read extends Asking {
  readonly path: string;
  /** Undefined: asked without a session. */
  readonly token?: string;
  /** With calls to the bridge, as at its login. */
  readonly bridgeHeaders?: Readonly<Record<string, string>>;
}

/** A plain read, with the token or without. */
export function readRequest({ baseUrl, userAgent, path, token, bridgeHeaders }: Read): HttpRequest {
  return {
    method: 'GET',
    url: `${baseUrl}${path}`,
    headers: {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...bridgeHeaders,
      ...(userAgent !== undefined && { 'user-agent': userAgent }),
    },
  };
}
