import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { keys } from './keys.ts';

/** A browser login not come back within this time starts anew. */
const CONSENT_MS = 10 * 60_000;

const digest = (state: string): string => createHash('sha256').update(state).digest('base64url');

/** Remembers which account a one-time `state` was made for. Only its digest is kept. */
export async function keepConsent(redis: Redis, state: string, name: string): Promise<void> {
  await redis.set(keys.consent(digest(state)), name, 'PX', CONSENT_MS);
}

/** The account of a `state`, once: whoever asks second gets nothing. */
export async function takeConsent(redis: Redis, state: string): Promise<string | undefined> {
  return (await redis.getdel(keys.consent(digest(state)))) ?? undefined;
}
