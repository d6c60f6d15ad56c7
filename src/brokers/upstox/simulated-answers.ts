import type { DialectAnswer, DialectHost } from '../../core/dialect.ts';
import { switched } from './simulated-switches.ts';

/** A code that no document knows: what is not known how to be refused, is refused with this one. */
export const UNKNOWN_CODE = 'UDAPI199999';

/** The texts that Upstox sends with its codes, as far as they are known. */
const texts: Readonly<Record<string, string>> = {
  UDAPI10005: 'Too Many Request Sent',
  UDAPI1017: 'API Key is required',
  UDAPI1018: 'Redirect URI is required',
  UDAPI1022: 'Code is required',
  UDAPI1023: 'Grant type is required',
  UDAPI1024: 'Client secret is required',
  UDAPI1123: 'Invalid notifier url',
  UDAPI100036: 'Invalid Input',
  UDAPI100050: 'Invalid token used to access API',
  UDAPI100057: 'Invalid Auth code',
  UDAPI100060: 'Resource not Found',
  UDAPI100067: 'The API you are trying to access is not permitted with an extended token',
  UDAPI100068: 'Check your client_id and redirect_uri; one or both are incorrect',
  UDAPI100069: 'Check your client_id and client_secret; one or both are incorrect',
  UDAPI100070: 'Check your redirect_uri; it is incorrect',
  UDAPI100072: 'The service is accessible from 5:30 AM to 12:00 AM IST daily',
  UDAPI100500: 'Something went wrong... please contact us',
};
/** Codes whose status nobody has published: the switch `authErrorStatus` decides. */
const statusUnknown: readonly string[] = ['UDAPI100057', 'UDAPI100068', 'UDAPI100069', 'UDAPI100070'];

/** With which status a code comes where nothing else decides; 400 for the rest. Partly guesses. */
const statuses: Readonly<Record<string, number>> = {
  UDAPI10005: 429,
  UDAPI1154: 403,
  UDAPI1155: 403,
  UDAPI1157: 403,
  UDAPI100016: 401,
  UDAPI100049: 403,
  UDAPI100050: 401,
  UDAPI100060: 404,
  UDAPI100067: 403,
  UDAPI100072: 423,
  UDAPI100073: 401,
  UDAPI100074: 423,
  UDAPI100500: 500,
};

/** The error envelope with the status that its first code comes with. */
export const refusal = (host: DialectHost, codes: readonly string[]): DialectAnswer =>
  failure(host, statuses[codes[0] ?? ''] ?? 400, ...codes);

export const success = (data: unknown): DialectAnswer => ({ status: 200, body: { status: 'success', data } });

export const html = (status: number, body: string): DialectAnswer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body,
});

/** The error envelope with one error for each code, in the spelling that `errorSpelling` asks for. */
export function failure(host: DialectHost, status: number, ...codes: readonly string[]): DialectAnswer {
  const spelling = switched(host, 'errorSpelling');
  const old = (code: string, message: string) => ({
    errorCode: code,
    message,
    propertyPath: null,
    invalidValue: null,
  });
  const present = (code: string, message: string) => ({
    message,
    error_code: code,
    property_path: null,
    invalid_value: null,
  });
  const errors = codes.map((code) => {
    const message = texts[code] ?? 'Error';
    if (spelling === 'errorCode') return old(code, message);
    if (spelling === 'error_code') return present(code, message);
    return { ...old(code, message), ...present(code, message) };
  });
  const first = codes[0] ?? '';
  const sent = statusUnknown.includes(first) ? switched(host, 'authErrorStatus') : status;
  return { status: sent, body: { status: 'error', errors } };
}

/** What `DELETE /v2/logout` answers to a dead token: a Java exception, and no `errors`. */
export const exceptionDump: DialectAnswer = {
  status: 401,
  body: {
    cause: null,
    stackTrace: [{ methodName: 'logout', fileName: 'Simulated.java', lineNumber: 1, className: 'Simulated' }],
    message: 'Invalid token',
    localizedMessage: 'Invalid token',
    suppressed: [],
  },
};

/** Cloudflare's page instead of any answer, where the switch `cloudflare` asks for one. */
export function cloudflarePage(host: DialectHost): DialectAnswer | undefined {
  const page = (number: number, text: string): string =>
    '<!DOCTYPE html><html><head><title>Access denied | api.upstox.example used Cloudflare to restrict access</title></head>' +
    `<body><h1><span>Error</span> <span>${number}</span></h1><h2>${text}</h2></body></html>`;
  switch (switched(host, 'cloudflare')) {
    case '1010':
      return html(
        403,
        page(1010, "The owner of this website has banned your access based on your browser's signature"),
      );
    case 'rate limit':
      return html(429, page(1015, 'You are being rate limited'));
    default:
      return undefined;
  }
}

/** What Upstox tells of a user, at the profile and beside a new token. */
export const profileOf = (userId: string): Readonly<Record<string, unknown>> => ({
  email: `${userId.toLowerCase()}@example.com`,
  exchanges: ['NSE', 'NFO', 'BSE', 'CDS', 'BFO', 'BCD'],
  products: ['D', 'CO', 'I'],
  broker: 'UPSTOX',
  user_id: userId,
  user_name: 'Simulated User',
  order_types: ['MARKET', 'LIMIT', 'SL', 'SL-M'],
  user_type: 'individual',
  poa: false,
  ddpi: false,
  is_active: true,
});
