import type { FieldKind } from '../core/transcript.ts';

/** Shows names, and only names: what could be a value in a name's place becomes `{id}`. */
export interface Naming {
  ofField(name: string): string;
  ofSegment(segment: string): string;
  ofHeader(name: string): string;
}

const MASKED = '{id}';
/** The longest word that is taken for one; longer ones are tokens. */
const MAX_NAME = 40;
const MAX_JWT = 16 * 1024;
/** Instants outside of this are no lifetimes (a date of birth), and are not told. */
const PAST_MS = 24 * 60 * 60_000;
const AHEAD_MS = 400 * 24 * 60 * 60_000;
/** The longest number that is taken for a duration, s: a year and some. */
const MAX_SECONDS = 400 * 24 * 60 * 60;

/** @param hide texts that are never shown, in any letter case */
export function makeNaming(hide: readonly string[]): Naming {
  const hidden = new Set(hide.map((text) => text.toLowerCase()));
  const shown = (text: string, pattern: RegExp): string =>
    text.length <= MAX_NAME && pattern.test(text) && !hidden.has(text.toLowerCase()) ? text : MASKED;
  return {
    // No field is written in capitals alone, but account ids are, where an answer has a field for each.
    ofField: (name) => shown(name, /^\$$|^[A-Za-z]?[a-z]+[A-Za-z]*(?:[_-][A-Za-z]+)*(?:(?<=[a-z])\d{1,2})?$/),
    ofSegment: (segment) => shown(segment, /^(?:v\d{1,2}|[A-Za-z]+(?:[._-][A-Za-z]+)*)$/),
    ofHeader: (name) => shown(name.toLowerCase(), /^[a-z]+(?:-[a-z]+)*\d?$/),
  };
}

/**
 * What kind of thing a value is: lengths and lifetimes, nothing of it.
 * @param name the field it stands in: a number is a duration or an instant only where the name says so
 * @param now ms
 */
export function kindOf(value: unknown, name: string, now: number, naming: Naming): FieldKind {
  if (value === null) return { type: 'null' };
  if (Array.isArray(value)) return { type: 'array', length: value.length };
  if (typeof value === 'number') return { type: 'number', ...ofNumber(value, name, now) };
  if (typeof value === 'boolean') return { type: 'boolean' };
  if (typeof value !== 'string') return { type: 'object' };
  return { type: 'string', length: value.length, ...ofText(value, name, now, naming) };
}

type Told = Pick<FieldKind, 'instant' | 'seconds' | 'jwt'>;

function ofText(text: string, name: string, now: number, naming: Naming): Told {
  if (/^\d{1,15}$/.test(text)) return ofNumber(Number(text), name, now);
  const jwt = jwtOf(text, now, naming);
  if (jwt) return { jwt };
  const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/.exec(text);
  if (!iso) return {};
  return instant(Date.parse(text), iso[1] === undefined ? 'iso' : 'iso-fraction', now);
}

function ofNumber(value: number, name: string, now: number): Told {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_-]+/);
  const isDuration = words.some((word) => durationWords.has(word));
  if (isDuration && value >= 0 && value <= MAX_SECONDS) return { seconds: value };
  if (!isDuration && !words.some((word) => instantWords.has(word))) return {};
  // Seconds since the epoch have ten digits until 2286, milliseconds thirteen.
  return value < 1e11 ? instant(value * 1000, 'seconds', now) : instant(value, 'milliseconds', now);
}

const durationWords: ReadonlySet<string> = new Set([
  ...['expires', 'expire', 'expiry', 'expiration', 'exp', 'validity', 'ttl', 'lifetime', 'duration', 'time'],
  ...['seconds', 'secs', 'wait', 'delay', 'after', 'timeout', 'interval'],
]);
const instantWords: ReadonlySet<string> = new Set([
  ...['expired', 'until', 'at', 'iat', 'issued', 'created', 'timestamp', 'date'],
]);

function instant(at: number, written: NonNullable<FieldKind['instant']>['written'], now: number): Told {
  const aheadMs = at - now;
  return aheadMs >= -PAST_MS && aheadMs <= AHEAD_MS
    ? { instant: { written, inSeconds: Math.round(aheadMs / 1000) } }
    : {};
}

function jwtOf(text: string, now: number, naming: Naming): FieldKind['jwt'] {
  if (text.length > MAX_JWT) return undefined;
  const [first, second, third, ...rest] = text.split('.');
  if (!first || !second || third === undefined || rest.length > 0) return undefined;
  const header = partOf(first);
  const claims = partOf(second);
  if (!header || !claims) return undefined;
  const exp: unknown = Reflect.get(claims, 'exp');
  const life = typeof exp === 'number' ? instant(exp * 1000, 'seconds', now).instant : undefined;
  return {
    header: namesIn(header, naming),
    claims: namesIn(claims, naming),
    ...(life && { expiresInSeconds: life.inSeconds }),
  };
}

const namesIn = (part: object, naming: Naming): readonly string[] =>
  [...new Set(Object.keys(part).map(naming.ofField))].sort();

function partOf(text: string): object | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
