import { createHash } from 'node:crypto';
import type { DialectHost } from '../../core/dialect.ts';

/** Sessions a user may have; a further login closes the oldest (partner.tradovate.com, access-token-request). */
const SESSIONS_PER_USER = 2;

export interface SimulatedSession {
  readonly username: string;
  readonly userId: string;
  readonly token: string;
  readonly expiresAt: number;
  /** Closed by a later login, or by an operator. */
  closed: boolean;
}

export interface Sessions {
  /** A new token, different from every other; switches `lifetimeSeconds` (4800), `bridge.countsAsSession`. */
  open(username: string): SimulatedSession;
  /** Whose token it is, alive or not. */
  byToken(token: string): SimulatedSession | undefined;
  isAlive(session: SimulatedSession): boolean;
  /** Closes all sessions of the user, or of everybody; says how many. */
  closeAll(username?: string): number;
}

/** The sessions of all simulated users. */
export function makeSessions(host: DialectHost): Sessions {
  const byToken = new Map<string, SimulatedSession>();
  let count = 0;
  const isAlive = (session: SimulatedSession): boolean =>
    !session.closed && host.clock.now() < session.expiresAt;
  const aliveOf = (username?: string): SimulatedSession[] =>
    [...byToken.values()].filter(
      (session) => isAlive(session) && (username === undefined || session.username === username),
    );
  const close = (sessions: readonly SimulatedSession[]): number => {
    for (const session of sessions) session.closed = true;
    return sessions.length;
  };

  return {
    open: (username) => {
      if (host.switch<string>('bridge.countsAsSession', 'on') === 'on') {
        const present = aliveOf(username);
        close(present.slice(0, Math.max(0, present.length - SESSIONS_PER_USER + 1)));
      }
      count += 1;
      const seconds = Math.floor(host.clock.now() / 1_000) + host.switch('lifetimeSeconds', 4_800);
      const userId = userIdOf(username);
      const token = jwt(userId, seconds, `${count}-${host.random()}`);
      const session = { username, userId, token, expiresAt: seconds * 1_000, closed: false };
      byToken.set(token, session);
      return session;
    },
    byToken: (token) => byToken.get(token),
    isAlive,
    closeAll: (username) => close(aliveOf(username)),
  };
}

/** Stable over restarts, so that a simulated user stays the same person. */
export function userIdOf(username: string): string {
  const hash = createHash('sha256').update(username).digest();
  return String(1_000_000_000 + (hash.readUIntBE(0, 6) % 9_000_000_000));
}

/** Shaped as captured tokens are: EdDSA, no `typ`, no `iat`, `sub` a string. The signature is none. */
function jwt(sub: string, exp: number, seed: string): string {
  const hash = createHash('sha512').update(`${sub} ${exp} ${seed}`).digest();
  const jti = hash.subarray(0, 12).toString('base64url');
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = { sub, exp, jti, phs: hash.readInt32BE(20) };
  return `${part({ kid: '7', alg: 'EdDSA' })}.${part(body)}.${hash.toString('base64url')}`;
}
