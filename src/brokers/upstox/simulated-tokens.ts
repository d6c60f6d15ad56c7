import type { DialectHost } from '../../core/dialect.ts';
import { switched } from './simulated-switches.ts';

const IST_OFFSET_MS = 5.5 * 3_600_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

export interface IssuedToken {
  readonly token: string;
  readonly userId: string;
  readonly expiresAt: number;
}

/**
 * The next 03:30 in India, told by the calendar. On purpose not the adapter's calendar.ts: a
 * simulator that shared its rule would agree with its mistakes.
 */
export function nextHalfPastThree(now: number): number {
  const india = new Date(now + IST_OFFSET_MS);
  const today =
    Date.UTC(india.getUTCFullYear(), india.getUTCMonth(), india.getUTCDate(), 3, 30) - IST_OFFSET_MS;
  return today > now ? today : today + DAY_MS;
}

/** True outside 05:30 to 24:00 in India. */
export function isClosedInIndia(now: number): boolean {
  const india = new Date(now + IST_OFFSET_MS);
  return india.getUTCHours() * 60 + india.getUTCMinutes() < 5 * 60 + 30;
}

/** Letters and digits from the host's randomness, so that a seeded run repeats. */
export function randomText(host: DialectHost, length: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  return Array.from({ length }, () => alphabet[Math.floor(host.random() * alphabet.length)] ?? 'a').join('');
}

/** The tokens a simulated Upstox has given out and still knows. */
export interface Tokens {
  /** A new trading token; with `newTokenKillsOld` the user's others die. */
  issue(userId: string): IssuedToken;
  /** The user's extended token: the one there is, unless a new one is asked for. */
  extendedFor(userId: string, renew: boolean): IssuedToken;
  /** A known token, dead or alive. */
  find(token: string): IssuedToken | undefined;
  /** Whose extended token it is. */
  findExtended(token: string): IssuedToken | undefined;
  kill(token: string): void;
  /** Kills all trading tokens, or all of one user's, and says how many there were. */
  killAll(userId?: string): number;
}

/** An empty shelf of tokens. */
export function makeTokens(host: DialectHost): Tokens {
  const tokens = new Map<string, IssuedToken>();
  const extendedTokens = new Map<string, IssuedToken>();
  return {
    issue: (userId) => {
      if (switched(host, 'newTokenKillsOld') === 'on') {
        for (const [token, issued] of tokens) if (issued.userId === userId) tokens.delete(token);
      }
      const issued = makeToken(host, userId, false);
      tokens.set(issued.token, issued);
      return issued;
    },
    extendedFor: (userId, renew) => {
      const present = extendedTokens.get(userId);
      if (present && !renew) return present;
      const made = makeToken(host, userId, true);
      extendedTokens.set(userId, made);
      return made;
    },
    find: (token) => tokens.get(token),
    findExtended: (token) => [...extendedTokens.values()].find((each) => each.token === token),
    kill: (token) => void tokens.delete(token),
    killAll: (userId) => {
      const condemned = [...tokens.values()].filter((each) => userId === undefined || each.userId === userId);
      for (const { token } of condemned) tokens.delete(token);
      return condemned.length;
    },
  };
}

/** A token shaped as the ones that users decoded, or (switch `tokenShape`) as the docs have it; the signature is noise. */
export function makeToken(host: DialectHost, userId: string, extended: boolean): IssuedToken {
  const now = host.clock.now();
  const expiresAt = extended ? now + YEAR_MS : nextHalfPastThree(now);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    sub: userId,
    jti: randomText(host, 24),
    isMultiClient: false,
    isPlusPlan: false,
    isExtended: extended,
    iat: Math.floor(now / 1000),
    iss: 'udapi-gateway-service',
    exp: Math.floor(expiresAt / 1000),
  };
  const shape = switched(host, 'tokenShape');
  if (shape === 'opaque') return { token: randomText(host, 64), userId, expiresAt };
  const signature = randomText(host, shape === 'RS256' ? 342 : 43);
  const token = `${part({ typ: 'JWT', alg: shape })}.${part(claims)}.${signature}`;
  return { token, userId, expiresAt };
}
