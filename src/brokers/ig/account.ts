import { z } from 'zod';
import type { RawEntry } from '../../core/broker.ts';

const headerSafe = /^[\x21-\x7e]+$/;

const text = (what: string): z.ZodString => z.string({ error: what }).min(1, { error: what });
const yesOrNo = z.boolean({ error: 'must be true or false' }).default(false);

const oauthToken = z.strictObject(
  {
    access_token: text('must be the access token, a string').regex(headerSafe, {
      error: 'has a character no token has',
    }),
    refresh_token: text('must be the refresh token, a string').regex(headerSafe, {
      error: 'has a character no token has',
    }),
    token_type: z.string({ error: 'must be a string' }).optional(),
    expires_in: z.union([z.string(), z.number()], { error: 'must be a number of seconds' }).optional(),
    scope: z.string({ error: 'must be a string' }).optional(),
  },
  { error: 'must be an object with access_token and refresh_token and nothing that IG does not send' },
);

/** The fields of an entry that only IG has, or that mean something of IG's own. */
export const fields = {
  environment: z
    .enum(['demo', 'live'], {
      error: 'must be "demo" or "live" (in the environment: IG_DEMO "true" or "false")',
    })
    .default('demo'),
  password: text('is missing: the password of the IG login').regex(/^.{0,350}$/, {
    error: 'is no IG password: 1 to 350 characters without a line break',
  }),
  apiKey: text(
    'is missing: an API key of this login and environment (IG: My Account > Settings > API keys)',
  ).regex(headerSafe, { error: 'has a character no API key has' }),
  session: z.enum(['v3', 'v2'], { error: 'must be "v3" or "v2"' }).default('v3'),
  accountId: text('must be an IG account id')
    .regex(headerSafe, { error: 'must be an IG account id' })
    .optional(),
  encryptPassword: yesOrNo,
  passwordCharset: z.enum(['utf-8', 'latin-1'], { error: 'must be "utf-8" or "latin-1"' }).optional(),
  streaming: yesOrNo,
  oauthToken: oauthToken.optional(),
} as const;

const entryShape = z.object({
  ...fields,
  // IG's own pattern (session.html). Sent as it is, an e-mail address would count towards a lock.
  username: text('is missing: the username of the IG login').regex(/^[\w-]{0,30}$/, {
    error:
      'is no IG username: 1 to 30 letters, digits, "-" and "_" (not the e-mail address; My Account shows it)',
  }),
  accounts: z.array(z.string()).default([]),
  discoverAccounts: z.boolean().default(false),
});

/** One IG login as this adapter works with it. Holds secrets: stays inside the adapter. */
export type IgAccount = z.output<typeof entryShape>;

type FieldFault = { readonly field: string; readonly message: string };

/** Reads an entry and judges its fields against each other. */
export function readAccount(
  entry: RawEntry,
): { readonly account: IgAccount } | { readonly faults: readonly FieldFault[] } {
  const parsed = entryShape.safeParse(entry);
  if (!parsed.success) {
    return { faults: parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message })) };
  }
  const faults = crossFaults(parsed.data);
  return faults.length > 0 ? { faults } : { account: parsed.data };
}

/** The character set in which an encrypted password goes out. */
export const charsetOf = ({
  passwordCharset = 'utf-8',
}: Pick<IgAccount, 'passwordCharset'>): 'utf-8' | 'latin-1' => passwordCharset;

export const encryptedKind = (charset: 'utf-8' | 'latin-1'): string => `v2, encrypted in ${charset}`;

/** The way in that an entry takes, as a report of its login has it: `v3`, `v2`, or v2 with what was encrypted. */
export const kindOf = (account: IgAccount): string =>
  account.encryptPassword ? encryptedKind(charsetOf(account)) : account.session;

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
const isLatin = (text: string): boolean => /^[\x20-\x7e\xa0-\xff]*$/.test(text);

/**
 * What may be refused though it is right: IG does not say which character set it reads in an encrypted password, and
 * one in the wrong one looks like a wrong password, which counts towards a lock.
 */
export function warningsOf({ encryptPassword, password, passwordCharset }: IgAccount): readonly string[] {
  if (!encryptPassword || passwordCharset !== undefined || isAscii(password)) return [];
  return [
    'the password has characters beyond ASCII and is sent encrypted, in UTF-8. IG does not say which character set it reads: a refused login would count towards a lock. Better a password of plain letters, digits and signs; or set passwordCharset to what is known to work ("utf-8" or "latin-1")',
  ];
}

function crossFaults(account: IgAccount): readonly FieldFault[] {
  const wrong: FieldFault[] = [];
  if (account.passwordCharset && !account.encryptPassword) {
    wrong.push({
      field: 'passwordCharset',
      message: 'belongs to encryptPassword true: a password that is not encrypted goes out in UTF-8',
    });
  }
  if (account.passwordCharset === 'latin-1' && !isLatin(account.password)) {
    wrong.push({
      field: 'password',
      message: 'has a character that passwordCharset "latin-1" does not have',
    });
  }
  if (account.session === 'v3') {
    if (account.encryptPassword) {
      wrong.push({
        field: 'encryptPassword',
        message: 'belongs to session "v2": a v3 login has no encrypted password',
      });
    }
    return wrong;
  }
  // A v2 session has one active account, kept on IG's side and shared by all who use it: further names
  // would all act on whichever account was switched to last.
  if (account.accounts.length > 0) {
    wrong.push({ field: 'accounts', message: 'needs session "v3": a v2 session acts on one account only' });
  }
  if (account.discoverAccounts) wrong.push({ field: 'discoverAccounts', message: 'needs session "v3"' });
  if (account.streaming) {
    wrong.push({
      field: 'streaming',
      message: 'belongs to session "v3": a v2 session has CST and X-SECURITY-TOKEN anyway',
    });
  }
  if (account.oauthToken)
    wrong.push({ field: 'oauthToken', message: 'belongs to session "v3": a v2 session has no OAuth pair' });
  return wrong;
}
