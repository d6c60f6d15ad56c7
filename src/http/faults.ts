import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../core/log.ts';

/** Every `code` of an error answer, with the sentence it has where the place that found it gives none. */
export const faultCodes = {
  BAD_REQUEST: 'The request could not be read.',
  INVALID_BODY: 'The body is not what this route takes.',
  UNKNOWN_HOST: 'This service is not known by that host name: ALLOWED_HOSTS or PUBLIC_URL may name it.',
  UNAUTHORIZED: 'Sign in, or send "Authorization: Bearer" with the admin token.',
  CROSS_ORIGIN: 'Another site made your browser send this; nothing was done.',
  NOT_FOUND: 'There is no such page.',
  UNKNOWN_ACCOUNT: 'There is no account of that name.',
  NO_BROWSER_LOGIN: 'There is no account of that broker and name with a login in the browser.',
  NO_APPROVAL: 'The broker of that account asks nobody: its token comes another way.',
  UNKNOWN_STATE: 'That login is not under way: its state is unknown or used.',
  ANOTHER_USER: "It was another user's login.",
  NOT_SERVED: 'The account is paused or gone; nothing was sent to the broker.',
  BROKER_FAILED: 'The broker gave no token.',
  NOT_NOW: 'Nothing was sent to the broker; begin again after as many seconds as Retry-After says.',
  METHOD_NOT_ALLOWED: 'This route does not take that method.',
  ACCOUNT_STOPPED: 'The account is stopped.',
  ACCOUNT_PAUSED: 'The account is paused.',
  ACCOUNT_DISABLED: 'The account is disabled in the credentials file.',
  NOTICE_REFUSED: 'What was posted is no token of this account.',
  BUSY: 'The account is busy; post it again in a few seconds.',
  BUDGET_SPENT: 'A limit of the broker leaves no room now.',
  BROKER_SILENT: 'The broker asked for silence.',
  NOBODY_ASKED: 'Nobody was asked.',
  NOTHING_STARTS: 'No account can be refreshed now.',
  TOO_MANY_REQUESTS: 'Too many requests from your address; try again later.',
  TOO_MANY_STREAMS: 'Too many pages are told of changes already; ask now and then instead.',
  BODY_TOO_LARGE: 'The body is too large.',
  UNSUPPORTED_MEDIA_TYPE: 'This route does not take that content type.',
  NOT_READY: 'The service is not ready.',
  INTERNAL: 'Something failed here; the log says what.',
} as const;

export type FaultCode = keyof typeof faultCodes;

/** An answer that says no: status, code and a sentence for a person. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly status: number;
  readonly code: FaultCode;
  /** Further fields of the answer. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: FaultCode,
    message: string = faultCodes[code],
    fields: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/**
 * Any error as a fault. The framework's own messages are dropped: they repeat what was sent, and that may be a
 * login's code.
 */
export function faultOf(error: unknown): HttpFault {
  if (error instanceof HttpFault) return error;
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return new HttpFault(413, 'BODY_TOO_LARGE');
  if (status === 415) return new HttpFault(415, 'UNSUPPORTED_MEDIA_TYPE');
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new HttpFault(status, 'BAD_REQUEST');
  return isRedisAway(error)
    ? new HttpFault(
        503,
        'NOT_READY',
        'Redis does not answer. Look at Redis, its address and password; the service goes on by itself as soon as it does.',
      )
    : new HttpFault(500, 'INTERNAL');
}

/** What the client of Redis says where the server is gone or does not answer. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    /^(?:Connection is closed|Command timed out|Stream isn't writeable)|ECONNREFUSED|ECONNRESET/.test(
      error.message,
    )
  );
}

/** The fault that answers `error`; an unforeseen one goes to the log, under the route's pattern and not its URL. */
export function judge(error: unknown, request: FastifyRequest, log: Log): HttpFault {
  const fault = faultOf(error);
  if (fault.code === 'INTERNAL') {
    const { message, stack } = error instanceof Error ? error : { message: 'unknown', stack: undefined };
    log.error(
      { event: 'http.failed', route: request.routeOptions.url, error: message, stack },
      'A request failed.',
    );
  }
  return fault;
}

/** The error shape of the contract. */
export function faultBody(fault: HttpFault): Readonly<Record<string, unknown>> {
  return { status: 'error', code: fault.code, message: fault.message, ...fault.fields };
}

/** Whoever reads JSON and no page: of a route that answers with a page, it gets the contract's shape. */
export function wantsJson({ headers: { accept = '' } }: FastifyRequest): boolean {
  return accept.includes('application/json') && !accept.includes('text/html');
}

/** What a 401 says of how to sign in. */
export const CHALLENGE = 'Bearer realm="token-refresher"';

/** Answers with a fault in JSON. */
export function sendFault(reply: FastifyReply, fault: HttpFault): FastifyReply {
  if (fault.status === 401) void reply.header('www-authenticate', CHALLENGE);
  return reply.code(fault.status).send(faultBody(fault));
}
