import { createHash } from 'node:crypto';
import type { DialectHost } from '../../core/dialect.ts';
import { switched } from './simulator-switches.ts';

/** Sessions a user may have; a further login closes the oldest (partner.tradovate.com, access-token-request). */
const SESSIONS_PER_USER = 2;

/** How a session was opened. */
export type Way = 'bridge' | 'native';

export interface SimulatedSession {
  readonly username: string;
  readonly userId: string;
  readonly way: Way;
  /** Counts up: the smallest is the oldest, however often it was renewed. */
  readonly opened: number;
  /** False where the login brought no device id that the broker takes. */
  readonly hasDevice: boolean;
  /** Closed by a later login, or by an operator. */
  closed: boolean;
}

export interface SimulatedToken {
  readonly session: SimulatedSession;
  readonly token: string;
  readonly expiresAt: number;
  /** When a renewal ended it before its time; ms. */
  endsAt: number;
}

export interface Sessions {
  /**
   * A new session with a token different from every other; switches `lifetimeSeconds` (4800) and
   * `bridge.countsAsSession` (`on`, `off`).
   */
  open(username: string, way: Way, hasDevice?: boolean): SimulatedToken;
  /**
   * Another token of the same session. Switch `oldTokenAfterRenew`: what becomes of the old one, `valid` to its
   * expiry, `dead`, or good for a number of seconds.
   */
  renew(old: SimulatedToken): SimulatedToken;
  /** Whose token it is, alive or not. */
  byToken(token: string): SimulatedToken | undefined;
  isAlive(token: SimulatedToken): boolean;
  /** How many sessions of the user have a living token. */
  count(username: string): number;
  /** Closes all sessions of the user, or of everybody; says how many. */
  closeAll(username?: string): number;
  /** Closes the user's oldest, as a login elsewhere does. */
  closeOldest(username: string): number;
}

/** The sessions of all simulated users: bridge and native logins share users, sessions and tokens. */
export function makeSessions(host: DialectHost): Sessions {
  const byToken = new Map<string, SimulatedToken>();
  /** Of each user, those that lived when last looked at; oldest first. */
  const living = new Map<string, readonly SimulatedToken[]>();
  let issued = 0;
  let opened = 0;
  const isAlive = ({ session, endsAt }: SimulatedToken): boolean =>
    !session.closed && host.clock.now() < endsAt;
  /** Those with a living token, oldest first. */
  const aliveOf = (username: string): SimulatedSession[] => {
    const alive = (living.get(username) ?? []).filter(isAlive);
    living.set(username, alive);
    const found = new Set(alive.map(({ session }) => session));
    return [...found].sort((left, right) => left.opened - right.opened);
  };
  const isCounted = (way: Way): boolean =>
    way === 'native' || switched(host, 'bridge.countsAsSession') === 'on';
  const close = (sessions: readonly SimulatedSession[]): number => {
    for (const session of sessions) session.closed = true;
    return sessions.length;
  };
  const issue = (session: SimulatedSession): SimulatedToken => {
    issued += 1;
    const exp = Math.floor(host.clock.now() / 1_000) + switched(host, 'lifetimeSeconds');
    const token = jwt(session.userId, exp, `${issued}-${host.random()}`);
    const made = { session, token, expiresAt: exp * 1_000, endsAt: exp * 1_000 };
    byToken.set(token, made);
    living.set(session.username, [...(living.get(session.username) ?? []), made]);
    return made;
  };

  return {
    open: (username, way, hasDevice = true) => {
      if (isCounted(way)) {
        const present = aliveOf(username).filter((session) => isCounted(session.way));
        close(present.slice(0, Math.max(0, present.length - SESSIONS_PER_USER + 1)));
      }
      opened += 1;
      return issue({ username, userId: userIdOf(username), way, opened, hasDevice, closed: false });
    },
    renew: (old) => {
      const after = switched(host, 'oldTokenAfterRenew');
      const now = host.clock.now();
      if (after === 'dead') old.endsAt = now;
      if (typeof after === 'number') old.endsAt = Math.min(old.endsAt, now + after * 1_000);
      return issue(old.session);
    },
    byToken: (token) => byToken.get(token),
    isAlive,
    count: (username) => aliveOf(username).length,
    closeAll: (username) =>
      close((username === undefined ? [...living.keys()] : [username]).flatMap(aliveOf)),
    closeOldest: (username) => close(aliveOf(username).slice(0, 1)),
  };
}

/** Stable over restarts, so that a simulated user stays the same person. */
export function userIdOf(username: string): string {
  const hash = createHash('sha256').update(username).digest();
  return String(1_000_000_000 + (hash.readUIntBE(0, 6) % 9_000_000_000));
}

/** Shaped as captured tokens are: EdDSA, no `typ`, no `iat`, `sub` a string. The signature is none. */
export function jwt(sub: string, exp: number, seed: string): string {
  const hash = createHash('sha512').update(`${sub} ${exp} ${seed}`).digest();
  const jti = hash.subarray(0, 12).toString('base64url');
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = { sub, exp, jti, phs: hash.readInt32BE(20) };
  return `${part({ kid: '7', alg: 'EdDSA' })}.${part(body)}.${hash.toString('base64url')}`;
}
