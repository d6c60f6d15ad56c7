import { isIP } from 'node:net';
import { IANAZone } from 'luxon';

/** What a setting's text means, or what is wrong with it; `wrong` never holds the text. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string };
export type Parse<T> = (text: string) => Parsed<T>;

export function wholeNumber(min: number, max: number): Parse<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : NaN;
    return value >= min && value <= max
      ? { value }
      : { wrong: `must be a whole number from ${min} to ${max}` };
  };
}

/** A port to listen on; 0 lets the system choose. */
export const listeningPort = wholeNumber(0, 65_535);

export const flag: Parse<boolean> = (text) => {
  switch (text.trim().toLowerCase()) {
    case '1':
    case 'true':
    case 'yes':
    case 'on':
      return { value: true };
    case '0':
    case 'false':
    case 'no':
    case 'off':
      return { value: false };
    default:
      return { wrong: 'must be 1 or 0' };
  }
};

export function oneOf<const T extends string>(choices: readonly T[]): Parse<T> {
  return (text) => {
    const value = choices.find((choice) => choice === text.trim().toLowerCase());
    return value === undefined ? { wrong: `must be one of ${choices.join(', ')}` } : { value };
  };
}

export function matching(pattern: RegExp, wrong: string): Parse<string> {
  return (text) => (pattern.test(text) ? { value: text } : { wrong });
}

/** An http or https URL to call, whatever it carries. */
export const webAddress: Parse<string> = (text) => {
  const url = parseUrl(text);
  return url && isWeb(url)
    ? { value: url.href }
    : { wrong: 'must be a URL that begins with https:// or http://' };
};

/** An http or https URL that paths are added to: no query, no user; without a slash at its end. */
export const webBase: Parse<string> = (text) => {
  const url = parseUrl(text);
  return url &&
    isWeb(url) &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === ''
    ? { value: url.href.replace(/\/+$/, '') }
    : { wrong: 'must be a URL that begins with https:// or http://, without a user, ? or #' };
};

/** A time of day, `08:00`. */
export const timeOfDay: Parse<string> = (text) =>
  /^([01]\d|2[0-3]):[0-5]\d$/.test(text.trim())
    ? { value: text.trim() }
    : { wrong: 'must be a time of day like 08:00' };

export const timeZone: Parse<string> = (text) =>
  IANAZone.isValidZone(text.trim())
    ? { value: text.trim() }
    : { wrong: 'must be a time zone like Asia/Kolkata' };

export const mailServer: Parse<string> = (text) => {
  const url = parseUrl(text);
  return url &&
    ['smtp:', 'smtps:'].includes(url.protocol) &&
    url.hostname !== '' &&
    isEncoded(url.username) &&
    isEncoded(url.password)
    ? { value: url.href }
    : {
        wrong:
          'must be a URL such as smtps://user:password@mail.example:465, a % in user or password written as %25',
      };
};

const isEncoded = (part: string): boolean => {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
};

export const mailAddresses: Parse<readonly string[]> = (text) => {
  const value = commaSeparated(text);
  return value.length > 0 && value.every((address) => /^[^\s@<>]+@[^\s@<>]+$/.test(address))
    ? { value }
    : { wrong: 'must be e-mail addresses, separated by commas' };
};

/** Host names, a leading dot for all that is below one. */
export const hostNames: Parse<readonly string[]> = (text) => {
  const value = commaSeparated(text.toLowerCase());
  return value.length > 0 && value.every((name) => /^\.?[\w-]+(?:\.[\w-]+)*$/.test(name))
    ? { value }
    : { wrong: 'must be host names without ports, separated by commas; .example.com for all below it' };
};

/** As fastify takes it: a flag, a number of hops, or addresses separated by commas. */
export type TrustProxy = boolean | number | string;

export const trustProxy: Parse<TrustProxy> = (text) => {
  const plain = text.trim().toLowerCase();
  if (plain === 'true' || plain === 'false') return { value: plain === 'true' };
  if (/^\d{1,2}$/.test(plain)) return { value: Number(plain) };
  const addresses = commaSeparated(plain);
  return addresses.length > 0 && addresses.every(isProxyAddress)
    ? { value: addresses.join(',') }
    : { wrong: 'must be true, false, a number of proxies, or their addresses separated by commas' };
};

function isProxyAddress(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  return (
    version !== 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
  );
}

/** Keys of 32 bytes in base64, separated by commas; as they were written. */
export const secretKeys: Parse<readonly string[]> = (text) => {
  const value = commaSeparated(text);
  // The pattern, because Buffer.from drops what is not base64 and would shorten a mistyped key.
  return value.length > 0 && value.every((key) => /^[A-Za-z0-9+/_-]{43}=?$/.test(key))
    ? { value }
    : { wrong: 'must be 32 bytes in base64 (openssl rand -base64 32); several are separated by commas' };
};

export const commaSeparated = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

export const parseUrl = (text: string): URL | undefined => URL.parse(text.trim()) ?? undefined;

const isWeb = (url: URL): boolean => url.protocol === 'https:' || url.protocol === 'http:';
