import type { Connection, Http, HttpAnswer, HttpRequest } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import type { FieldKind, TranscribedCall } from '../core/transcript.ts';
import { isHtml } from './answer.ts';
import { kindOf, makeNaming, type Naming } from './field-kind.ts';

/** Writes down what a broker says, without a value of it. */
export interface Transcript {
  /** Sends as `http` does, and notes each call once it has ended, however it ended. */
  wrap(http: Http): Http;
  /** The same connection; an answer that it takes for an error is noted with the error's code. */
  watch(connection: Connection): Connection;
  /** The calls so far, in the order in which they ended. */
  calls(): readonly TranscribedCall[];
}

export interface TranscriptOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Texts that may not even stand as a name: the login's own secrets and names. */
  readonly hide: readonly string[];
}

/** Fields of one body; an answer with more is a table of something, and its first ones say enough. */
const MAX_FIELDS = 400;
const MAX_DEPTH = 8;

export function makeTranscript({ clock, hide }: TranscriptOptions): Transcript {
  const calls: TranscribedCall[] = [];
  /** An error belongs to the last call that its method made, if it made any. */
  const noting =
    <A extends readonly unknown[], R>(method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const before = calls.length;
      try {
        return await method(...args);
      } catch (error) {
        const last = calls.at(-1);
        if (error instanceof BrokerError && last && calls.length > before) {
          calls[calls.length - 1] = { ...last, error: error.code };
        }
        throw error;
      }
    };
  return {
    calls: () => [...calls],
    watch(connection) {
      const { signIn, renew, probe, reach, discover, signOut, consent } = connection;
      return {
        ...connection,
        ...(signIn && { signIn: noting(signIn) }),
        ...(renew && { renew: noting(renew) }),
        ...(probe && { probe: noting(probe) }),
        ...(reach && { reach: noting(reach) }),
        ...(discover && { discover: noting(discover) }),
        ...(signOut && { signOut: noting(signOut) }),
        ...(consent && {
          consent: {
            ...consent,
            receive: noting(consent.receive),
            ...(consent.request && { request: noting(consent.request) }),
          },
        }),
      };
    },
    wrap: (http) => async (request, call) => {
      const startedAt = clock.now();
      const asked = askedOf(request, makeNaming(hide));
      try {
        const answer = await http(request, call);
        const now = clock.now();
        calls.push({ ...asked, ...answered(answer, now, makeNaming(hide)), tookMs: now - startedAt });
        return answer;
      } catch (error) {
        const code = error instanceof BrokerError ? { error: error.code } : {};
        calls.push({ ...asked, ...unanswered, ...code, tookMs: clock.now() - startedAt });
        throw error;
      }
    },
  };
}

const unanswered = { status: undefined, headers: [], fields: {}, body: 'empty' } as const;

function askedOf(
  { method, url, body = '' }: HttpRequest,
  naming: Naming,
): Pick<TranscribedCall, 'method' | 'path' | 'sent'> {
  const segments = (URL.parse(url)?.pathname ?? '').split('/');
  const path = segments.map((segment) => (segment === '' ? '' : naming.ofSegment(segment))).join('/');
  return { method, path, sent: sentFields(body).map(naming.ofField) };
}

/** The names of a request's own fields, JSON or form. */
function sentFields(body: string): readonly string[] {
  if (body === '') return [];
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === 'object' && document !== null ? Object.keys(document) : [];
  } catch {
    // Without a `=` it is no form, and its one "name" would be the body.
    return body.includes('=') ? [...new URLSearchParams(body).keys()] : [];
  }
}

function answered(
  answer: HttpAnswer,
  now: number,
  naming: Naming,
): Pick<TranscribedCall, 'status' | 'headers' | 'fields' | 'body'> {
  const fields: Record<string, FieldKind> = {};
  let count = 0;
  const note = (path: string, name: string, value: unknown, depth: number): void => {
    if (count >= MAX_FIELDS || depth > MAX_DEPTH) return;
    if (!Object.hasOwn(fields, path)) count += 1;
    // An array's elements share one path: the first that tells anything stands for them all.
    const known = fields[path];
    if (known === undefined || known.type === 'null') fields[path] = kindOf(value, name, now, naming);
    if (Array.isArray(value)) {
      const elements: readonly unknown[] = value;
      for (const element of elements) note(`${path}[]`, name, element, depth + 1);
    } else if (typeof value === 'object' && value !== null) noteAll(`${path}.`, value, depth + 1);
  };
  const noteAll = (prefix: string, record: object, depth: number): void => {
    for (const [name, value] of Object.entries(record)) {
      const shown = naming.ofField(name);
      note(`${prefix}${shown}`, shown, value, depth);
    }
  };
  const { json } = answer;
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) noteAll('', json, 0);
  else if (json !== undefined) note('$', '$', json, 0);
  const headers = Object.keys(answer.headers).map((name) => naming.ofHeader(name));
  return { status: answer.status, headers: [...new Set(headers)].sort(), fields, body: bodyOf(answer) };
}

function bodyOf(answer: HttpAnswer): TranscribedCall['body'] {
  if (answer.json !== undefined) return 'json';
  if (answer.body.trim() === '') return 'empty';
  return isHtml(answer) ? 'html' : 'text';
}
