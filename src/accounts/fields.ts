import { z } from 'zod';
import type { Connection, RawEntry } from '../core/broker.ts';

/** What consumers may read a token under: it becomes part of Redis keys, and a list key of its own. */
const namePattern = /^[A-Za-z0-9._@-]{1,64}$/;

export const namesRule = '1 to 64 letters, digits, dots, dashes, underscores or @';

export const isName = (text: unknown): text is string => typeof text === 'string' && namePattern.test(text);

const yesOrNo = z.boolean('must be true or false, without quotes');
const timeOfDay = z
  .string('must be a time of day as HH:MM')
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day as HH:MM');

const hours = z.strictObject(
  {
    days: z
      .array(
        z.enum(
          ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
          'must be of mon, tue, wed, thu, fri, sat, sun',
        ),
      )
      .min(1, 'must name a day'),
    from: timeOfDay,
    to: timeOfDay,
    zone: z
      .string('must be a time zone like Asia/Kolkata')
      .refine(isZone, 'must be a time zone like Asia/Kolkata'),
  },
  'must be an object with days, from, to and zone, and nothing else',
);

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The fields that mean the same at every broker. A broker that has its own rule for one gives it in its `fields`. */
export const commonFields = {
  username: z.string('is missing: the login at the broker').min(1, 'must not be empty'),
  name: z.string().regex(namePattern, `must be ${namesRule}`).optional(),
  broker: z.string(),
  enabled: yesOrNo.default(true),
  mode: z.enum(['serve', 'observe'], 'must be "serve" or "observe"').default('serve'),
  accounts: z
    .array(z.string().regex(namePattern, `must be ${namesRule}`), 'must be a list of names')
    .default([]),
  discoverAccounts: yesOrNo.default(false),
  ttlSeconds: z
    .int('must be a whole number of seconds, without quotes')
    .min(1, 'must be at least 1')
    .optional(),
  verify: yesOrNo.optional(),
  tokenFile: z.string().min(1, 'must name a file').optional(),
  hours: hours.optional(),
} as const;

const checked = z.object(commonFields).extend({ username: z.string().optional() });

/** The common fields of an entry that has passed its schemas. */
export type CommonFields = z.output<typeof checked>;

export const commonPart = (entry: RawEntry): CommonFields => checked.parse(entry);

/** What an entry asks for and its login has no call for. */
export function beyondConnection(
  { discoverAccounts, verify }: CommonFields,
  connection: Pick<Connection, 'discover' | 'probe'>,
): readonly { readonly field: string; readonly message: string }[] {
  return [
    ...(discoverAccounts && !connection.discover
      ? [{ field: 'discoverAccounts', message: NO_DISCOVERY }]
      : []),
    ...(verify === true && !connection.probe ? [{ field: 'verify', message: NO_PROOF }] : []),
  ];
}

const NO_DISCOVERY =
  'cannot be true here: the broker lists no accounts for this kind of login; name them in accounts';
const NO_PROOF = 'cannot be true here: the broker has no call that proves a token of this kind of login';
