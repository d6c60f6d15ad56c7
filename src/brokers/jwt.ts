/** What a broker's JWT says of itself. Decoded, never verified: a hint about time and owner, no proof. */
export interface JwtClaims {
  /** Expiry, ms since the epoch. */
  readonly exp?: number;
  /** Issue, ms since the epoch. */
  readonly iat?: number;
  readonly sub?: string;
}

const MAX_LENGTH = 16 * 1024;
/** 2100: a later instant is milliseconds taken for seconds, or nonsense. */
const LATEST_S = 4_102_444_800;

/**
 * Reads a JWT's times and subject; undefined where the text is no JWT. A claim that makes no sense
 * (not a number, negative, past 2100, an empty subject) is left out, the others are kept.
 */
export function readJwt(token: string): JwtClaims | undefined {
  if (token.length > MAX_LENGTH) return undefined;
  const [header, payload, signature, ...rest] = token.split('.');
  if (!header || !payload || !signature || rest.length > 0) return undefined;
  const claims = decoded(payload);
  if (claims === undefined || decoded(header) === undefined) return undefined;
  const exp = instant(claims, 'exp');
  const iat = instant(claims, 'iat');
  const sub: unknown = Reflect.get(claims, 'sub');
  return {
    ...(exp !== undefined && { exp }),
    ...(iat !== undefined && { iat }),
    ...(typeof sub === 'string' && sub.length > 0 && sub.length <= 200 && { sub }),
  };
}

function decoded(part: string): object | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function instant(claims: object, name: string): number | undefined {
  const seconds: unknown = Reflect.get(claims, name);
  const sane = typeof seconds === 'number' && seconds > 0 && seconds <= LATEST_S;
  return sane ? Math.floor(seconds * 1_000) : undefined;
}
