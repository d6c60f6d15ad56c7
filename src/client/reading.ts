import type { Redis } from 'ioredis';

/** One login's token as it stands in Redis, all of one generation. */
export interface Token {
  /** The name it was asked for by: a login or a sub-account. */
  readonly name: string;
  readonly token: string;
  /** Only grows: a larger one is newer. */
  readonly generation: number;
  /** Every header that a call to the broker needs. */
  readonly headers: Readonly<Record<string, string>>;
  /** What a call's URL begins with, without a slash at the end; empty where the service says none. */
  readonly baseUrl: string;
  /** The token's real end, ms since the epoch. */
  readonly expiresAt: number;
}

/** Why there is no token, as `state:<name>` says; `state` is empty where there is no such account. */
export interface Lack {
  readonly state: string;
  readonly reason: string;
}

/** What a read found. */
export type Reading =
  | {
      readonly found: true;
      readonly token: Token;
      /** How long the broker honours the token from the moment of the read, ms. */
      readonly goodForMs: number;
    }
  | { readonly found: false; readonly lack: Lack };

/** Reads all of a name in one step: no other command of anybody falls between its parts. */
export interface ReadToken {
  (name: string): Promise<Reading>;
}

type Replies = readonly (readonly [Error | null, unknown])[];

const META = ['generation', 'expiresAt', 'headers', 'baseUrl'] as const;

/**
 * @param now ms since the epoch; used only where the Redis user may not ask the server's clock
 */
export function makeReadToken(redis: Redis, now: () => number): ReadToken {
  let mayAskTime = true;
  const ask = async (name: string, withTime: boolean): Promise<Replies> => {
    const asked = redis
      .multi()
      .get(`token:${name}`)
      .hmget(`meta:${name}`, ...META)
      .pttl(`token:${name}`)
      .hmget(`state:${name}`, 'state', 'reason');
    const replies = await (withTime ? asked.time() : asked).exec();
    if (replies === null) throw new Error('Redis gave the read up; read again.');
    return replies;
  };
  return async (name) => {
    let replies: Replies;
    try {
      replies = await ask(name, mayAskTime);
    } catch (error) {
      // Refused before the EXEC, so all of it was refused. By the own clock it goes as well, if that is right.
      if (!mayAskTime || !isForbidden(error)) throw error;
      mayAskTime = false;
      replies = await ask(name, false);
    }
    for (const [error] of replies) if (error) throw error;
    const [token, meta, ttl, state, time] = replies.map(([, value]) => value);
    const server = Array.isArray(time) ? Number(time[0]) * 1_000 + Number(time[1]) / 1_000 : now();
    return readingOf(name, token, texts(meta), Number(ttl), texts(state), server);
  };
}

function readingOf(
  name: string,
  token: unknown,
  [generation = '', expiresAt = '', headers = '', baseUrl = '']: readonly string[],
  ttlMs: number,
  [state = '', reason = '']: readonly string[],
  serverNow: number,
): Reading {
  if (typeof token !== 'string') return { found: false, lack: { state, reason } };
  const end = Date.parse(expiresAt);
  // An alias has a token and no `meta:`; its key's own end is all that is known of it.
  const goodForMs = Number.isNaN(end) ? Math.max(0, ttlMs) : end - serverNow;
  return {
    found: true,
    goodForMs,
    token: {
      name,
      token,
      generation: Number(generation) || 0,
      headers: headersIn(headers) ?? { Authorization: `Bearer ${token}` },
      baseUrl,
      expiresAt: Number.isNaN(end) ? serverNow + goodForMs : end,
    },
  };
}

function headersIn(text: string): Readonly<Record<string, string>> | undefined {
  if (text === '') return undefined;
  const read: unknown = JSON.parse(text);
  if (typeof read !== 'object' || read === null) return undefined;
  return Object.fromEntries(
    Object.entries(read).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

const texts = (reply: unknown): readonly string[] =>
  Array.isArray(reply) ? reply.map((each) => (typeof each === 'string' ? each : '')) : [];

const isForbidden = (error: unknown): boolean =>
  error instanceof Error && /\bNOPERM\b|\bEXECABORT\b/.test(`${error.message} ${causesOf(error)}`);

/** ioredis keeps what the commands of a refused MULTI were told beside the error. */
function causesOf(error: Error): string {
  const previous: unknown = Reflect.get(error, 'previousErrors');
  return Array.isArray(previous) ? previous.map(String).join(' ') : '';
}
