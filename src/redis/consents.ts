import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Arrival } from '../core/broker.ts';
import { keys } from './keys.ts';
import type { Seal } from './seal.ts';

/** A browser login not come back within this time starts anew. */
const CONSENT_MS = 10 * 60_000;
/** How long a code lies sealed for the command that waits for it: it looks twice a second. */
const HANDED_MS = 30_000;
/** Stands before the name of an account whose login a command waits for; no name holds a space. */
const AT_TERMINAL = 'terminal ';

/** Which login a one-time `state` was made for, and who spends what comes back: the service, or a command that waits. */
export interface KeptConsent {
  readonly name: string;
  readonly taker: 'service' | 'terminal';
}

const digest = (state: string): string => createHash('sha256').update(state).digest('base64url');

/** Remembers which account a one-time `state` was made for. Only its digest is kept. */
export async function keepConsent(
  redis: Redis,
  state: string,
  name: string,
  taker: KeptConsent['taker'] = 'service',
): Promise<void> {
  const value = taker === 'terminal' ? `${AT_TERMINAL}${name}` : name;
  await redis.set(keys.consent(digest(state)), value, 'PX', CONSENT_MS);
}

/** The account of a `state`, once: whoever asks second gets nothing. */
export async function takeConsent(redis: Redis, state: string): Promise<KeptConsent | undefined> {
  const value = await redis.getdel(keys.consent(digest(state)));
  if (value === null) return undefined;
  return value.startsWith(AT_TERMINAL)
    ? { name: value.slice(AT_TERMINAL.length), taker: 'terminal' }
    : { name: value, taker: 'service' };
}

/** Lays what a browser brought back down for the command that waits for it, sealed: a code is as good as a token. */
export async function handOver(redis: Redis, seal: Seal, state: string, arrival: Arrival): Promise<void> {
  const key = keys.arrival(digest(state));
  await redis.set(key, seal.seal(JSON.stringify(arrival), key), 'PX', HANDED_MS);
}

/** What was handed over for a `state`, once. */
export async function collect(redis: Redis, seal: Seal, state: string): Promise<Arrival | undefined> {
  const key = keys.arrival(digest(state));
  const sealed = await redis.getdel(key);
  const plain = sealed === null ? undefined : seal.open(sealed, key);
  if (plain === undefined) return undefined;
  const read: unknown = JSON.parse(plain);
  const textOf = (field: string): string | undefined => {
    const value: unknown = typeof read === 'object' && read !== null ? Reflect.get(read, field) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const [code, error] = [textOf('code'), textOf('error')];
  return { ...(code !== undefined && { code }), ...(error !== undefined && { error }) };
}
