import { z } from 'zod';
import type { RawEntry } from '../../core/broker.ts';

type Setting = (variable: string) => string | undefined;

const record = z.record(z.string(), z.unknown());
const olderShape = z.object({ ig_markets: record });

/** `null` and empty strings are how the older shape says "none". */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  const parts = record.safeParse(value);
  return !parts.success || Object.values(parts.data).some(isGiven);
}

/**
 * Entries of the `{"ig_markets": {"demo" | "live": {…}}}` file, or undefined where the document is none.
 * A section that lacks a credential takes it from the environment; a setting is read only where it is
 * lacking. Whatever else stands in a section goes along, so that the checks can name it.
 */
export function fromOlderShape(document: unknown, setting: Setting): readonly RawEntry[] | undefined {
  const parsed = olderShape.safeParse(document);
  if (!parsed.success) return undefined;
  return Object.entries(parsed.data.ig_markets).flatMap(([environment, section]) => {
    const parts = record.safeParse(section);
    const given = Object.fromEntries(Object.entries(parts.data ?? {}).filter(([, value]) => isGiven(value)));
    const { clientId, ...own } = given;
    // The usual file names both environments and leaves the unused one empty and switched off.
    if (own.enabled === false && clientId === undefined && Object.keys(own).length === 1) return [];
    const lacking = (field: string, variable: string): RawEntry => {
      const value = own[field] ?? setting(variable);
      return value === undefined ? {} : { [field]: value };
    };
    return [
      {
        ...own,
        ...lacking('username', 'IG_USERNAME'),
        ...lacking('password', 'IG_PASSWORD'),
        ...lacking('apiKey', 'IG_API_KEY'),
        ...(clientId === undefined
          ? {}
          : { name: typeof clientId === 'number' ? String(clientId) : clientId }),
        broker: 'ig',
        environment,
      },
    ];
  });
}

/**
 * The entry that the environment alone makes, if any. With only some of the three credentials set it
 * comes without the rest, and its check says which is missing. It comes not at all where everything
 * that is set already stands in one IG entry of the file (`"${IG_PASSWORD}"`, or the older shape filled
 * up from the environment): that is one login, not two.
 */
export function fromEnvironment(
  setting: Setting,
  fileEntries: readonly RawEntry[] = [],
): readonly RawEntry[] {
  const credentials = given({
    username: setting('IG_USERNAME'),
    password: setting('IG_PASSWORD'),
    apiKey: setting('IG_API_KEY'),
  });
  const parts = Object.entries(credentials);
  if (parts.length === 0) return [];
  const isUsedBy = (entry: RawEntry): boolean =>
    entry.broker === 'ig' && parts.every(([field, value]) => entry[field] === value);
  if (fileEntries.some(isUsedBy)) return [];
  const environment = environmentOf(setting('IG_DEMO'));
  return [{ broker: 'ig', ...credentials, environment, ...given({ accountId: setting('IG_ACCOUNT_ID') }) }];
}

function given(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(values).flatMap(([field, value]) => (value ? [[field, value] as const] : []));
  return Object.fromEntries(pairs);
}

/** Anything unreadable is handed on as it is and fails the field's own check: a guess could be live. */
function environmentOf(demo: string | undefined): string {
  if (demo === undefined || demo === '') return 'demo';
  if (/^(?:true|1|yes|on)$/i.test(demo)) return 'demo';
  return /^(?:false|0|no|off)$/i.test(demo) ? 'live' : demo;
}
