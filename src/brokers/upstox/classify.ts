import type { HttpAnswer } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { isHtml } from '../answer.ts';
import { untilOpeningMs } from './calendar.ts';
import {
  CLOSED_BY_DAY,
  closed,
  edgeBlocked,
  edgeThrottled,
  malformed,
  meanings,
  serverFault,
  throttled,
  unsupported,
  type Meaning,
  type UpstoxErrorCode,
} from './errors.ts';
import { readErrorCodes } from './wire.ts';

/**
 * Which call an answer belongs to. The exchange spends a code and the request rings a person's phone;
 * a probe and a sign-out may be repeated.
 */
export type Purpose = 'exchange' | 'request' | 'probe' | 'sign-out';

/** After an exchange that may have worked: the code is spent either way. */
export const NEVER_THE_SAME_CODE = 'The login code counts as spent: log in again with a new link.';
/** After a request that may have worked. */
export const MAY_HAVE_ASKED =
  'The person may have been asked: they are not asked again today, and an approval is still taken. The link works as well.';

/** A broken Retry-After must not silence an account for days. */
const LONGEST_PAUSE_S = 60 * 60;

/** Which of several errors decides: what a new login cannot mend first, what costs a token last. */
const precedence = ['needs-human', 'throttled', 'transient', 'outcome-unknown', 'refused'] as const;

/** What to say of a call that may have taken effect although it failed; the others may be repeated. */
const lasting: Partial<Record<Purpose, string>> = { exchange: NEVER_THE_SAME_CODE, request: MAY_HAVE_ASKED };

/** What a refusal with a code that nobody knows is called, where it is not merely no answer. */
const unknownRefusals: Partial<Record<Purpose, { readonly code: UpstoxErrorCode; readonly said: string }>> = {
  exchange: { code: 'login_refused', said: 'Upstox refused the login' },
  request: { code: 'approval_refused', said: 'Upstox refused to ask for approval' },
};

/**
 * The error that an answer without a usable success means. The body decides, then the status; what
 * is unknown costs no token: a probe's is transient, an exchange's needs a new link, a request's may
 * have asked.
 */
export function classify(answer: HttpAnswer, purpose: Purpose, now: number): BrokerError {
  const codes = readErrorCodes(answer.json);
  const known = codes
    .flatMap((code) => meanings[code] ?? [])
    .toSorted((a, b) => precedence.indexOf(a.kind) - precedence.indexOf(b.kind))[0];
  return toError(known ?? edge(answer) ?? byStatus(answer, codes, purpose), answer, purpose, now);
}

function toError(meaning: Meaning, answer: HttpAnswer, purpose: Purpose, now: number): BrokerError {
  const { message, ...fields } = meaning;
  const remedy = lasting[purpose];
  // A server that failed half-way may have made the token, or rung the phone: nobody knows.
  if (meaning.code === 'server_fault' && remedy !== undefined) {
    return new BrokerError(`${message} ${remedy}`, {
      code: meaning.code,
      kind: 'outcome-unknown',
      status: answer.status,
    });
  }
  const isDoubt = purpose === 'probe' && meaning.code === 'unreadable_answer' && isBare401(answer);
  const isClosed = meaning.code === 'service_hours';
  const retryAfterMs = isClosed ? untilOpeningMs(now) : pauseMs(meaning, answer);
  const isByDay = isClosed && retryAfterMs === undefined;
  return new BrokerError(isByDay ? CLOSED_BY_DAY : message, {
    ...fields,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(isDoubt && { doubtsSession: true }),
    status: answer.status,
  });
}

/** A refusal without a code: in JSON (the exception dump that the logout knows), or with no body at all. */
const isBare401 = (answer: HttpAnswer): boolean =>
  answer.status === 401 &&
  readErrorCodes(answer.json).length === 0 &&
  (answer.json !== undefined || answer.body.trim() === '');

function pauseMs({ kind }: Meaning, { headers }: HttpAnswer): number | undefined {
  const seconds = Number(headers['retry-after']);
  return kind === 'throttled' && seconds > 0 ? Math.min(seconds, LONGEST_PAUSE_S) * 1000 : undefined;
}

/** Cloudflare's own pages, in HTML or as `error code: 1010`; reported by users, not documented. */
function edge(answer: HttpAnswer): Meaning | undefined {
  // From 500 on Cloudflare speaks of a broken origin, not of us.
  if (answer.json !== undefined || answer.status >= 500) return undefined;
  const text = answer.body
    .slice(0, 16_384)
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  const number = /\berror (?:code: ?)?(10\d\d)\b/i.exec(text)?.[1];
  if (number === '1015' || (answer.status === 429 && isPage(answer))) return edgeThrottled;
  if (number !== undefined || (answer.status === 403 && isPage(answer))) return edgeBlocked;
  return undefined;
}

/** Upstox answers in JSON: any markup is somebody else's. */
const isPage = (answer: HttpAnswer): boolean => isHtml(answer) || answer.body.trimStart().startsWith('<');

function byStatus(answer: HttpAnswer, codes: readonly string[], purpose: Purpose): Meaning {
  const { status } = answer;
  if (status >= 500) return serverFault;
  if (status === 429) return throttled;
  if (codes.length === 0 && !isPage(answer)) {
    // What the OpenAPI lists beside 400, 401 and 403, without a word on their meaning.
    if (status === 423) return closed;
    if (status === 405) return unsupported('method; is UPSTOX_API_URL right?');
    if (status === 422) return malformed('right form of a field');
  }
  const said = codes.length > 0 ? ` (${codes.join(', ')})` : '';
  const refusal = codes.length > 0 ? unknownRefusals[purpose] : undefined;
  if (refusal) {
    const remedy = purpose === 'exchange' ? NEVER_THE_SAME_CODE : 'Log in by the link.';
    const message = `${refusal.said}${said}, status ${status}. ${remedy}`;
    return { kind: 'refused', code: refusal.code, message };
  }
  return {
    kind: lasting[purpose] === undefined ? 'transient' : 'outcome-unknown',
    code: 'unreadable_answer',
    message: `Upstox gave an answer this service does not know, status ${status}${said}. ${lasting[purpose] ?? 'The token is not in doubt.'}`,
  };
}
