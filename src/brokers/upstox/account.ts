import { z } from 'zod';
import type { Broker, Login, RawEntry } from '../../core/broker.ts';
import { makeConnection } from './connection.ts';

/** A text that must be there; says where it comes from and never shows what was given. */
const required = (remedy: string) =>
  z
    .string({ error: (issue) => (issue.input === undefined ? `is missing: ${remedy}` : 'must be a text') })
    .regex(/^\S+$/, `is empty or has a space in it: ${remedy}`);

const fromTheApp = (what: string, variable: string): string =>
  `copy the ${what} from the app's page at Upstox (from the environment: ${variable})`;

/** An absolute http(s) address without a fragment; kept as written, since Upstox compares the text. */
function isRedirect(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && url.hash === '' && url.username === '' && url.password === '';
}

/** Whose login it is, and by which app, where the entry says so. */
export function ownerOf(
  login: Pick<Login, 'identity' | 'credentials'>,
): { readonly clientId: string; readonly userId: string } | undefined {
  const userId = /^upstox\/([A-Z0-9]+)$/.exec(login.identity)?.[1];
  const [clientId] = login.credentials;
  return userId === undefined || clientId === undefined ? undefined : { clientId, userId };
}

/** The fields of an Upstox entry, beside the common ones. */
export const fields = {
  username: z.string().min(1, 'is empty: leave it out, or give the login').optional(),
  clientId: required(fromTheApp('API key', 'UPSTOX_CLIENT_ID')),
  clientSecret: required(fromTheApp('API secret', 'UPSTOX_CLIENT_SECRET')),
  redirectUri: required(fromTheApp('redirect URL', 'UPSTOX_REDIRECT_URI')).refine(isRedirect, {
    error: 'must be an absolute http(s) address without a fragment, exactly as registered at Upstox',
  }),
  userId: z
    .string('must be a text')
    .regex(/^[A-Za-z0-9]{1,20}$/, 'must be the Upstox user id (UCC): letters and digits, like AB0001')
    .optional(),
  approval: z.enum(['browser', 'request'], { error: 'must be "browser" or "request"' }).default('browser'),
  extendedToken: z.boolean('must be true or false').default(false),
} as const;

const shape = z.object({ ...fields, name: z.string().optional() });

/**
 * A checked entry as a login. It is one person where `userId` is given, so that a corrected `userId`
 * never goes on with the other person's token, and else one app.
 */
export function login(entry: RawEntry): ReturnType<Broker['login']> {
  const read = shape.safeParse(entry);
  if (!read.success) {
    return {
      faults: read.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message })),
    };
  }
  const { clientId, clientSecret, redirectUri, approval, extendedToken, ...rest } = read.data;
  const username = rest.username ?? rest.name;
  if (username === undefined) {
    return { faults: [{ field: 'name', message: 'is missing: give a name for the token, or a username' }] };
  }
  const userId = rest.userId?.toUpperCase();
  const made: Login = {
    username,
    environment: 'live',
    identity: userId === undefined ? `upstox/app/${clientId}` : `upstox/${userId}`,
    credentials: [clientId, clientSecret, redirectUri],
    // An app has one notifier URL, and asks one user.
    ...(approval === 'request' && {
      alone: {
        key: `upstox/app/${clientId}`,
        why: 'asks for approvals through the same app: an app at Upstox asks one user and posts to one address, so give each entry an app of its own (clientId)',
      },
    }),
    connect: (io) =>
      makeConnection({ app: { clientId, clientSecret, redirectUri }, userId, approval, extendedToken }, io),
  };
  return { login: made };
}

/**
 * The entry that the environment alone makes, if any. A partly set group makes one that lacks what is
 * not set, so that its fault names the field and the variable. None is made where everything that is
 * set stands in one Upstox entry of the file already (`"${UPSTOX_CLIENT_SECRET}"`): that is one login.
 */
export function fromEnvironment(
  setting: (variable: string) => string | undefined,
  fileEntries: readonly RawEntry[] = [],
): readonly RawEntry[] {
  const userId = setting('UPSTOX_USER_ID');
  const named = {
    clientId: setting('UPSTOX_CLIENT_ID'),
    clientSecret: setting('UPSTOX_CLIENT_SECRET'),
    redirectUri: setting('UPSTOX_REDIRECT_URI'),
    userId,
  };
  const given = Object.entries(named).filter(([, value]) => value);
  const isUsedBy = (entry: RawEntry): boolean =>
    entry['broker'] === 'upstox' && given.every(([field, value]) => entry[field] === value);
  if (given.length === 0 || fileEntries.some(isUsedBy)) return [];
  return [{ broker: 'upstox', name: userId || 'upstox', ...Object.fromEntries(given) }];
}
