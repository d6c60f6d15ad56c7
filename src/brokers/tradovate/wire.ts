import { z } from 'zod';
import type { HttpAnswer, HttpRequest } from '../../core/broker.ts';

/**
 * The bridge login and its answers. Tradovate does not document it: it is TradingView's Broker REST
 * `PasswordBearer` login (github tradingview/rest_integrations_docs, source/trading/Authentication.rst),
 * with the details known from clients. What a penalty looks like is Tradovate's own, written for its
 * native login (partner.tradovate.com, penalty-tickets), and is looked for here too.
 */

/** Whom the bridge was made for. Clients send it as Origin and Referer; whether it is needed is unknown. */
export const BRIDGE_ORIGIN = 'https://www.tradingview.com';

export interface Authorize {
  readonly baseUrl: string;
  readonly username: string;
  readonly password: string;
  /** From a penalty: sent back with the identical body, once. */
  readonly ticket: string | undefined;
  /** Undefined: neither Origin nor Referer is sent. */
  readonly origin: string | undefined;
  /** Undefined: the service's own. */
  readonly userAgent: string | undefined;
}

/** The one call of a bridge login. */
export function authorizeRequest(authorize: Authorize): HttpRequest {
  const { baseUrl, username, password, ticket, origin, userAgent } = authorize;
  const form = new URLSearchParams({ locale: 'en', login: username, password });
  if (ticket !== undefined) form.set('p-ticket', ticket);
  return {
    method: 'POST',
    url: `${baseUrl}/authorize?locale=en`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...(origin !== undefined && { origin, referer: `${origin}/` }),
      ...(userAgent !== undefined && { 'user-agent': userAgent }),
    },
    body: form.toString(),
  };
}

const optionalText = z.string().min(1).optional().catch(undefined);
const parts = {
  errmsg: optionalText,
  errorText: optionalText,
  userStatus: optionalText,
  access_token: optionalText,
  expiration: z.unknown().optional(),
  'p-ticket': optionalText,
  'p-time': z.coerce.number().positive().optional().catch(undefined),
  'p-captcha': z.boolean().optional().catch(undefined),
};
const envelope = z.object({ ...parts, s: optionalText, d: z.object(parts).optional().catch(undefined) });

/** What an answer says, wherever in it (beside `d` or in it): all of it untrusted and optional. */
export interface Said {
  readonly ok: boolean;
  readonly error: boolean;
  /** `errmsg` of the bridge or `errorText` of the native login. */
  readonly text: string | undefined;
  readonly userStatus: string | undefined;
  readonly token: string | undefined;
  readonly expiration: unknown;
  readonly penalty: Penalty | undefined;
}

export interface Penalty {
  readonly ticket: string | undefined;
  readonly waitMs: number;
  readonly captcha: boolean;
}

/** Wait of the documented login limit, where a penalty names none (partner.tradovate.com, rate-limits). */
const PENALTY_DEFAULT_MS = 15_000;
const PENALTY_MAX_MS = 60 * 60_000;

/** Reads an answer's body; undefined where it is no JSON object. */
export function readSaid(answer: HttpAnswer): Said | undefined {
  const read = envelope.safeParse(answer.json);
  if (!read.success) return undefined;
  const { d, s, ...top } = read.data;
  const text = top.errorText ?? top.errmsg ?? d?.errorText ?? d?.errmsg;
  return {
    ok: s === 'ok',
    error: s === 'error',
    text,
    userStatus: top.userStatus ?? d?.userStatus,
    token: d?.access_token,
    expiration: d?.expiration,
    penalty: penaltyOf(top) ?? (d && penaltyOf(d)),
  };
}

function penaltyOf(said: z.output<typeof envelope.shape.d> & object): Penalty | undefined {
  const { 'p-ticket': ticket, 'p-time': seconds, 'p-captcha': captcha = false } = said;
  if (ticket === undefined && seconds === undefined && !captcha) return undefined;
  // `p-time` is seconds; some clients take it for minutes.
  const waitMs = seconds === undefined ? PENALTY_DEFAULT_MS : Math.ceil(seconds * 1_000);
  return { ticket, captcha, waitMs: Math.min(Math.max(waitMs, 1_000), PENALTY_MAX_MS) };
}
