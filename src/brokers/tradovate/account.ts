import { z } from 'zod';
import type { RawEntry } from '../../core/broker.ts';

// Keys pasted with a space at the end were seen to fail as wrong passwords, and those are counted.
const text = (missing: string): z.ZodString =>
  z
    .string({ error: missing })
    .min(1, { error: missing })
    .max(500, { error: 'is longer than any such value' })
    .regex(/^(?:[^\p{Cc}\s](?:[^\p{Cc}]*[^\p{Cc}\s])?)?$/u, {
      error: 'has a space around it or a line break in it',
    });

const apiKey = z.strictObject(
  {
    appId: text('is missing: the name of the API key'),
    appVersion: text('is missing: a version of your own, like "1.0"'),
    deviceId: text(
      'is missing: an id of this machine that never changes; live trading calls fail without one',
    ),
    // Older samples send it as a string; it is sent as a number (Tradovate, 5-minute quickstart).
    cid: z
      .union([z.int().min(0), z.string().regex(/^\d{1,12}$/)], { error: 'must be the number of the API key' })
      .transform(Number),
    sec: text('is missing: the secret of the API key'),
  },
  { error: 'must be an object with appId, appVersion, deviceId, cid and sec, and nothing else' },
);

/** The fields of an entry that only Tradovate has, or that mean something of its own. */
export const fields = {
  environment: z.enum(['demo', 'live'], { error: 'must be "demo" or "live"' }).default('demo'),
  // A pasted line break or a space around the name is a wrong login, and each of those counts.
  username: z
    .string({ error: 'is missing: the Tradovate username' })
    .max(200, { error: 'is longer than any username' })
    .regex(/^[^\p{Cc}\s](?:[^\p{Cc}]*[^\p{Cc}\s])?$/u, {
      error: 'is empty, or has a space around it or a line break in it',
    }),
  password: z
    .string({ error: 'is missing: the password of the Tradovate login' })
    .regex(/^[^\p{Cc}]+$/u, { error: 'is empty, or has a line break in it' }),
  login: z.enum(['bridge', 'api'], { error: 'must be "bridge" or "api"' }).default('bridge'),
  renew: z.boolean({ error: 'must be true or false' }).default(false),
  api: apiKey.optional(),
} as const;

const entryShape = z.object(fields);

/** One Tradovate login as this adapter works with it. Holds secrets: stays inside the adapter. */
export type TradovateAccount = z.output<typeof entryShape>;

/** The key of an API subscription, sent with each native login. */
export type TradovateApiKey = z.output<typeof apiKey>;

interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** Reads an entry and judges its fields against each other. */
export function readAccount(
  entry: RawEntry,
): { readonly account: TradovateAccount } | { readonly faults: readonly FieldFault[] } {
  const read = entryShape.safeParse(entry);
  if (!read.success) {
    return { faults: read.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })) };
  }
  const faults = crossFaults(read.data);
  return faults.length > 0 ? { faults } : { account: read.data };
}

function crossFaults({ login, api, renew }: TradovateAccount): readonly FieldFault[] {
  if (login === 'bridge') {
    return api ? [{ field: 'api', message: 'belongs to login "api": a bridge login has no API key' }] : [];
  }
  return [
    ...(api ? [] : [{ field: 'api', message: 'is missing: login "api" needs the API key' }]),
    ...(renew ? [{ field: 'renew', message: 'belongs to login "bridge": login "api" renews anyway' }] : []),
  ];
}
