import type { RawEntry } from '../../core/broker.ts';

/** The names under which other programs keep an app's settings; the first is the API's own word. */
const aliases = {
  clientId: ['client_id', 'clientId', 'api_key', 'apiKey', 'UPSTOX_CLIENT_ID', 'UPSTOX_API_KEY'],
  clientSecret: [
    'client_secret',
    'clientSecret',
    'api_secret',
    'apiSecret',
    'UPSTOX_CLIENT_SECRET',
    'UPSTOX_API_SECRET',
  ],
  redirectUri: [
    'redirect_uri',
    'redirectUri',
    'redirect_url',
    'redirectUrl',
    'UPSTOX_REDIRECT_URI',
    'UPSTOX_REDIRECT_URL',
  ],
  userId: ['user_id', 'userId', 'ucc', 'client_code', 'UPSTOX_USER_ID'],
  name: ['name'],
} as const;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Entries of the settings files that programs for Upstox keep (YAML, as a rule): one app at the top or below a key of
 * any name, or several below keys of their own, which are then their names. Undefined where the document is none.
 */
export function fromSettings(
  document: unknown,
): { readonly entries: readonly RawEntry[]; readonly leftOut: readonly string[] } | undefined {
  const apps = appsIn(document, '');
  if (apps.length === 0) return undefined;
  return {
    entries: apps.map(({ fields, path }) => {
      const found = Object.entries(aliases).flatMap(([field, names]) => {
        const given = names
          .map((name) => fields[name])
          .find((value) => typeof value === 'string' && value !== '');
        return given === undefined ? [] : [[field, given] as const];
      });
      const entry: Record<string, unknown> = { broker: 'upstox', ...Object.fromEntries(found) };
      entry['name'] ??= entry['userId'] ?? (apps.length > 1 ? path.split('.').at(-1) : 'upstox');
      return entry;
    }),
    leftOut: apps.flatMap(({ fields, path }) =>
      Object.keys(fields)
        .filter((key) => !Object.values<readonly string[]>(aliases).some((names) => names.includes(key)))
        .map((key) => (path === '' ? key : `${path}.${key}`)),
    ),
  };
}

interface App {
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function appsIn(value: unknown, path: string): readonly App[] {
  if (!isRecord(value)) return [];
  const hasId = aliases.clientId.some((name) => typeof value[name] === 'string');
  const hasSecret = aliases.clientSecret.some((name) => typeof value[name] === 'string');
  if (hasId && hasSecret) return [{ path, fields: value }];
  return Object.entries(value).flatMap(([key, part]) => appsIn(part, path === '' ? key : `${path}.${key}`));
}
