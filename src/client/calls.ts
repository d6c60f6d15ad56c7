import type { Redis } from 'ioredis';
import type { Memory } from './memory.ts';
import type { Token } from './reading.ts';
import type { Waiting } from './waiting.ts';

/** Before the same token is tried again, ms; doubled each time. */
const BACKOFF_MS = 250;
/** The service trims the stream of what it has read; this bounds it where none runs. Fewer, and a flood would push out what others say. */
const MOST_REPORTS = 1_000_000;

export interface CallOptions {
  /** How often the call is made at most, the first time included. */
  readonly tries?: number;
  /** How long a call waits for a token, or for a newer one after a refusal, ms in all. */
  readonly waitMs?: number;
  /**
   * Whether what came of a call says that the token was refused: by default an answer or an error whose
   * `status` (`statusCode`, `response.status`) is 401. A status, or false.
   */
  readonly refusedBy?: (outcome: Outcome) => number | false;
  readonly signal?: AbortSignal;
}

/** What came of a call. */
export type Outcome =
  { readonly value: unknown; readonly error?: never } | { readonly error: unknown; readonly value?: never };

export interface CallParts {
  readonly redis: Redis;
  readonly memory: Memory;
  readonly waiting: Waiting;
  readonly elapsed: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Makes a call with the token of a name, and again with a newer one where the broker refused it. */
export interface WithToken {
  <T>(name: string, call: (token: Token) => Promise<T> | T, options?: CallOptions): Promise<T>;
}

/**
 * A refused token is reported to the service, which proves or replaces it; the call is made again with what
 * is out then. Whatever else a call throws or answers is handed on as it is, also the last refusal.
 */
export function makeWithToken(parts: CallParts): WithToken {
  const { redis, memory, waiting, elapsed, sleep, random } = parts;
  const reported = new Map<string, { readonly generation: number; readonly sent: Promise<void> }>();

  async function send({ name, generation }: Token, status: number): Promise<void> {
    await waiting.listening();
    const reading = await memory.read(name, true);
    if (!reading.found || reading.token.generation !== generation) return;
    const fields = ['name', name, 'generation', String(generation), 'status', String(status)];
    await redis.xadd('token-reports', 'MAXLEN', '~', MOST_REPORTS, '*', ...fields);
  }

  /** Once for a generation, however many calls meet it. One that cannot be sent is no reason to fail. */
  function report(token: Token, status: number): Promise<void> {
    const last = reported.get(token.name);
    if (last?.generation === token.generation) return last.sent;
    const sent = send(token, status).catch(() => void reported.delete(token.name));
    reported.set(token.name, { generation: token.generation, sent });
    return sent;
  }

  return async <T>(
    name: string,
    call: (token: Token) => Promise<T> | T,
    { tries = 3, waitMs = 30_000, refusedBy = refusedStatus, signal }: CallOptions = {},
  ): Promise<T> => {
    const until = elapsed() + waitMs;
    const cached = await memory.read(name, false);
    let token = cached.found ? cached.token : (await waiting.forToken(name, undefined, waitMs, signal)).token;
    for (let made = 1; ; made++) {
      signal?.throwIfAborted();
      const outcome = await settled(call, token);
      const status = refusedBy('error' in outcome ? { error: outcome.error } : { value: outcome.value });
      if (status === false || made >= tries) return handedOn(outcome);
      const coming = waiting
        .forToken(name, token, Math.max(0, until - elapsed()), signal)
        .catch(() => undefined);
      await report(token, status);
      const next = await coming;
      signal?.throwIfAborted();
      // The service could not help: the caller hears what the broker said.
      if (!next || next.is === 'unchanged') return handedOn(outcome);
      if (next.is === 'confirmed') {
        reported.delete(name);
        await sleep(BACKOFF_MS * 2 ** (made - 1) * (1 + random()), signal ?? NEVER);
      }
      token = next.token;
    }
  };
}

const NEVER = new AbortController().signal;

type Settled<T> = { readonly value: T } | { readonly error: unknown };

async function settled<T>(call: (token: Token) => Promise<T> | T, token: Token): Promise<Settled<T>> {
  try {
    return { value: await call(token) };
  } catch (error) {
    return { error };
  }
}

function handedOn<T>(outcome: Settled<T>): T {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** 401 where an answer or an error carries it, in the ways of the common HTTP clients. */
export function refusedStatus({ value, error }: Outcome): number | false {
  const said = error ?? value;
  const status = [
    fieldOf(said, 'status'),
    fieldOf(said, 'statusCode'),
    fieldOf(fieldOf(said, 'response'), 'status'),
  ];
  return status.includes(401) ? 401 : false;
}

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
