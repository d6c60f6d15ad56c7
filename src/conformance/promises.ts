import { states } from '../core/state.ts';
import type { Sample } from './sample.ts';

/** What the contract promises a reader, in the order of the report. */
export const promises = {
  types: 'every key has its type',
  fields: 'meta: has every field, and its instants and headers can be read',
  agreement: 'token:, auth: and meta: are of one generation',
  ttl: 'no key outlives its token, and none lacks an end',
  lists: "what stands on a login's list carries its token",
  generations: 'a newer token has a larger generation, and none falls',
  reasons: 'where a token is missing, state: says why',
  presence: 'a token that is called fresh is there',
  announced: 'each new generation is announced by an event',
  events: 'events are as the contract says, hold no token, and announce what can be read',
} as const;
export type Promised = keyof typeof promises;

/** What a sample says of a promise: nothing where it is not concerned, or what is wrong ('' for nothing). */
export type Findings = Partial<Record<Promised, string>>;

const META = [
  ...['broker', 'username', 'environment', 'generation', 'issuedAt', 'expiresAt', 'tokenType', 'scope'],
  ...['source', 'baseUrl', 'userId', 'accountId', 'headers'],
];
/** What rounding may add to a TTL, ms. */
const ROUNDING_MS = 2;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** What one sample shows by itself. An alias has a token and neither `meta:` nor `state:`. */
export function findingsIn(sample: Sample): Findings {
  const { token, meta, state, wrongTypes } = sample;
  const isAlias = Object.keys(meta).length === 0 && Object.keys(state).length === 0;
  return {
    types: wrongTypes.length === 0 ? '' : `${wrongTypes.join(' and ')}: another type`,
    ...(Object.keys(meta).length > 0 && { fields: faultOfFields(meta) }),
    ...(!isAlias && { agreement: faultOfAgreement(sample) }),
    ...(token !== undefined && { ttl: faultOfTtl(sample) }),
    ...(token !== undefined && sample.list.length > 0 && { lists: faultOfList(sample) }),
    ...(token === undefined && { reasons: faultOfReason(state) }),
  };
}

function faultOfFields(meta: Sample['meta']): string {
  const missing = META.filter((field) => meta[field] === undefined);
  if (missing.length > 0) return `meta: lacks ${missing.join(', ')}`;
  if (!/^[1-9]\d*$/.test(meta['generation'] ?? '')) return 'generation is no integer';
  const instants = ['issuedAt', 'expiresAt'].filter((field) => !INSTANT.test(meta[field] ?? ''));
  if (instants.length > 0) return `${instants.join(' and ')}: no ISO 8601 in UTC`;
  return headersIn(meta) ? '' : 'headers is no JSON object of strings';
}

function faultOfAgreement({ token, auth, meta }: Sample): string {
  const hasMeta = Object.keys(meta).length > 0;
  if (token === undefined) return hasMeta ? 'there is meta: and no token:' : '';
  if (!hasMeta) return 'there is token: and no meta:';
  if (auth !== undefined && auth !== token) return 'auth: holds another token than token:';
  const values = Object.values(headersIn(meta) ?? {});
  const isThere = values.some((value) => value === token || value === `Bearer ${token}`);
  return isThere ? '' : 'the headers of meta: hold another token than token:';
}

function faultOfTtl({ at, meta, ttlMs }: Sample): string {
  const end = Date.parse(meta['expiresAt'] ?? '');
  const wrong = Object.entries(ttlMs).flatMap(([key, ms]) => {
    if (ms < 0) return [`${key} has no end`];
    const late = at + ms - end - ROUNDING_MS;
    return late > 0 ? [`${key} outlives its token by ${Math.ceil(late)} ms`] : [];
  });
  return wrong.join(', ');
}

/** A name of another login is not written, and a key that somebody put on the list waits for the next token. */
function faultOfList({ name, list, token, meta, carried }: Sample): string {
  if (!list.includes(`token:${name}`)) return `the list lacks token:${name}`;
  const others = carried.filter((each) => each.username === meta['username'] && each.token !== token);
  return others.map(({ key }) => `${key} carries another token, or none`).join(', ');
}

function faultOfReason(state: Sample['state']): string {
  const { state: is, reason, since } = state;
  if (is === undefined) return 'neither a token nor a state';
  if (!states.some((each) => each === is)) return `state says "${is}", which is none of the contract`;
  if (reason === undefined || since === undefined) return 'state lacks its reason or since';
  return '';
}

function headersIn(meta: Sample['meta']): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(meta['headers'] ?? '');
    if (typeof read !== 'object' || read === null || Array.isArray(read)) return undefined;
    const headers = { ...read } as Readonly<Record<string, unknown>>;
    return Object.values(headers).every((value) => typeof value === 'string') ? headers : undefined;
  } catch {
    return undefined;
  }
}
