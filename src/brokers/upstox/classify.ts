import type { HttpAnswer } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { edgeBlocked, edgeThrottled, meanings, serverFault, throttled, type Meaning } from './errors.ts';
import { readErrorCodes } from './wire.ts';

/** Which call an answer belongs to: the exchange spends a code, a probe spends nothing. */
export type Purpose = 'exchange' | 'probe';

/** After an exchange that may have worked: the code is spent either way. */
export const NEVER_THE_SAME_CODE = 'The login code counts as spent: log in again with a new link.';

/** A broken Retry-After must not silence an account for days. */
const LONGEST_PAUSE_S = 60 * 60;

/** Which of several errors decides: what a new login cannot mend first, what costs a token last. */
const precedence = ['needs-human', 'throttled', 'transient', 'outcome-unknown', 'refused'] as const;

/**
 * The error that an answer without a usable success means. The body decides, then the status; what
 * is unknown costs no token: a probe's is transient, an exchange's needs a new link.
 */
export function classify(answer: HttpAnswer, purpose: Purpose): BrokerError {
  const codes = readErrorCodes(answer.json);
  const known = codes
    .flatMap((code) => meanings[code] ?? [])
    .toSorted((a, b) => precedence.indexOf(a.kind) - precedence.indexOf(b.kind))[0];
  return toError(known ?? edge(answer) ?? byStatus(answer.status, codes, purpose), answer, purpose);
}

function toError(meaning: Meaning, answer: HttpAnswer, purpose: Purpose): BrokerError {
  const { message, ...fields } = meaning;
  const seconds = Number(answer.headers['retry-after']);
  const wait =
    meaning.kind === 'throttled' && seconds > 0
      ? { retryAfterMs: Math.min(seconds, LONGEST_PAUSE_S) * 1000 }
      : {};
  // A server that failed half-way may have made the token: nobody knows, and the code is gone.
  return purpose === 'exchange' && meaning.code === 'server_fault'
    ? new BrokerError(`${message} ${NEVER_THE_SAME_CODE}`, {
        ...fields,
        kind: 'outcome-unknown',
        scope: 'account',
        status: answer.status,
      })
    : new BrokerError(message, { ...fields, ...wait, status: answer.status });
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
  if (number === '1015' || (answer.status === 429 && isHtml(answer))) return edgeThrottled;
  if (number !== undefined || (answer.status === 403 && isHtml(answer))) return edgeBlocked;
  return undefined;
}

function isHtml(answer: HttpAnswer): boolean {
  return (
    (answer.headers['content-type'] ?? '').includes('text/html') || answer.body.trimStart().startsWith('<')
  );
}

function byStatus(status: number, codes: readonly string[], purpose: Purpose): Meaning {
  if (status >= 500) return serverFault;
  if (status === 429) return throttled;
  const said = codes.length > 0 ? ` (${codes.join(', ')})` : '';
  if (purpose === 'probe') {
    return {
      kind: 'transient',
      code: 'unreadable_answer',
      message: `Upstox gave an answer this service does not know, status ${status}${said}. The token is not in doubt.`,
    };
  }
  return codes.length > 0
    ? {
        kind: 'refused',
        code: 'login_refused',
        message: `Upstox refused the login${said}, status ${status}. ${NEVER_THE_SAME_CODE}`,
      }
    : {
        kind: 'outcome-unknown',
        code: 'unreadable_answer',
        message: `Upstox gave an answer this service does not know, status ${status}. ${NEVER_THE_SAME_CODE}`,
      };
}
