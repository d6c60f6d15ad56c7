import { z } from 'zod';

/**
 * The answers of IG's session service. Sources: labs.ig.com /reference/session.html,
 * /reference/session-refresh-token.html and /reference/session-encryption-key.html.
 */

/** Ends up in a request header: nothing that could break out of one. */
const headerSafe = z.string().regex(/^[\x21-\x7e]{1,4096}$/);

/**
 * The longest life an access token is believed to have, seconds: no IG session is documented to live
 * longer unextended (6 h, header pair). More than that is another unit or a defect, and would publish a
 * dead token for hours.
 */
const LONGEST_LIFE_S = 6 * 60 * 60;

/** `expires_in` is a string in IG's examples and fixtures; a number is read too. Seconds. */
const expiresIn = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .pipe(z.number().min(1).max(LONGEST_LIFE_S));

const tokenPair = z.object({
  access_token: headerSafe,
  refresh_token: headerSafe,
  expires_in: expiresIn,
  token_type: z.string().default('Bearer'),
  scope: z.string().optional(),
});

/** An OAuth pair as IG answers it. */
export type TokenPair = z.output<typeof tokenPair>;

const accountId = headerSafe.optional().catch(undefined);
const clientId = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
const endpoint = z.string().max(2_000).optional().catch(undefined);

/** `POST /session`, VERSION 3: the pair is nested. `accountId` is the login's default account. */
export const oauthLoginAnswer = z.object({ clientId, accountId, oauthToken: tokenPair });

/** `POST /session/refresh-token`: the pair is the body itself, nothing says whose it is. */
export const renewalAnswer = tokenPair;

/** What a header login may say of itself; IG's Java sample knows them, whether they are still sent is open. */
const authenticationStatus = z
  .enum([
    'AUTHENTICATED',
    'AUTHENTICATED_MISSING_CREDENTIALS',
    'CHANGE_ENVIRONMENT',
    'DISABLED_PREFERRED_ACCOUNT',
    'MISSING_PREFERRED_ACCOUNT',
    'REJECTED_INVALID_CLIENT_VERSION',
  ])
  .optional()
  .catch(undefined);

/** `POST /session`, VERSION 2: the tokens are headers, and what is `accountId` elsewhere has another name. */
export const pairLoginAnswer = z.object({
  clientId,
  currentAccountId: accountId,
  /** What the login has; missing where it is odd. */
  accounts: z
    .array(z.object({ accountId: headerSafe }))
    .default([])
    .catch([]),
  /** Set: the login must end in that environment, and what came is no session. */
  reroutingEnvironment: z.string().nullish().catch(undefined),
  authenticationStatus,
});

/** CST (the client) and X-SECURITY-TOKEN (the account) in an answer's headers; none of them is certain. */
export const tokenHeaders = z.object({
  cst: headerSafe.optional().catch(undefined),
  'x-security-token': headerSafe.optional().catch(undefined),
});

/** `GET /session`. An answer that names neither client nor account proves nothing. */
export const sessionAnswer = z
  .object({ clientId, accountId, lightstreamerEndpoint: endpoint })
  .refine((session) => session.clientId !== undefined || session.accountId !== undefined);

/** `PUT /session`: nothing of it is used, but that it is one. */
export const switchAnswer = z.object({});

/** `GET /session/encryptionKey`. `timeStamp` is a number of ms; one client's fixture has it as a string. */
export const encryptionKeyAnswer = z.object({
  encryptionKey: z.string().min(1),
  timeStamp: z.union([z.int().transform(String), z.string().regex(/^\d{1,20}$/)]),
});

/** `GET /accounts`. */
export const accountsAnswer = z.object({ accounts: z.array(z.object({ accountId: headerSafe })) });

const errorAnswer = z.object({ errorCode: z.string().min(1) });

/** IG's word for what went wrong, whatever the status; undefined where the body names none. */
export function errorCodeOf(json: unknown): string | undefined {
  const parsed = errorAnswer.safeParse(json);
  return parsed.success ? parsed.data.errorCode : undefined;
}
