import type { Log } from '../../../src/core/log.ts';
import type { Session } from '../../../src/core/session.ts';
import { openMirror, type HeldAnswer, type Mirror, type MirrorOptions } from '../../../src/mirror/index.ts';
import { makeSeal } from '../../../src/redis/seal.ts';
import { fakeClock } from '../../support/clock.ts';

export const DAY_MS = 24 * 60 * 60_000;

export const key = (byte: number): Buffer => Buffer.alloc(32, byte);

/** What was logged: `event` and its fields. */
export function listening(): { readonly log: Log; readonly events: Readonly<Record<string, unknown>>[] } {
  const events: Readonly<Record<string, unknown>>[] = [];
  const say = (fields: Readonly<Record<string, unknown>>): void => void events.push(fields);
  return { log: { debug: say, info: say, warn: say, error: say }, events };
}

/** Opens a mirror with a clock that stands still and a key of its own, unless a test says otherwise. */
export function opened(options: Partial<MirrorOptions> & Pick<MirrorOptions, 'folder'>): Promise<Mirror> {
  return openMirror({ seal: makeSeal([key(1)]), log: listening().log, clock: fakeClock(), ...options });
}

const grant = (token: string, startsAt: number): Session['grant'] => ({
  token,
  headers: { Authorization: `Bearer ${token}` },
  renewal: { refresh_token: `refresh-of-${token}` },
  issuedAt: startsAt,
  expiresAt: startsAt + DAY_MS / 2,
  tokenType: 'Bearer',
  baseUrl: 'https://broker.example',
  owner: 'AB0001',
});

/** A session as a person's login leaves it. */
export function session(generation: number, changes: Partial<Session> = {}): Session {
  return {
    generation,
    grant: grant(`made-up-token-${generation}`, generation),
    source: 'consent',
    identity: 'broker/AB0001',
    renewAt: generation + DAY_MS / 4,
    renewalSpent: false,
    unrenewed: 2,
    ...changes,
  };
}

/** An answer that waits for Redis. */
export function answer(startedAt: number): HeldAnswer {
  return {
    startedAt,
    grant: grant(`made-up-answer-${startedAt}`, startedAt),
    source: 'renewal',
    identity: 'broker/AB0001',
  };
}
