import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readAccounts, type AccountsSource, type Reading } from '../../../src/accounts/read.ts';
import type { Broker, BrokerIo, Connection, RawEntry } from '../../../src/core/broker.ts';
import { freshFolder } from '../../support/folder.ts';

const policy = { dueAtShare: 0.75, jitterShare: 0.05, timeoutMs: 1_000, renewalIsSingleUse: false };

const loginOf =
  (broker: string, secrets: readonly string[], connection: Connection = {}): Broker['login'] =>
  (entry) => {
    const text = (field: string): string => z.string().catch('').parse(entry[field]);
    const username = text('username') || text('name');
    const environment = text('environment') || 'live';
    return {
      login: {
        username,
        environment,
        identity: `${broker}/${environment}/${username}`,
        credentials: secrets.map(text),
        connect: () => connection,
      },
    };
  };

/** The default broker: a password and a nested object, one way in of which comes later. */
export const alpha: Broker = {
  name: 'alpha',
  title: 'Alpha',
  policy,
  limits: [],
  questions: [],
  baseUrls: {},
  fields: {
    environment: z.enum(['demo', 'live']).default('demo'),
    password: z.string().min(1),
    login: z.enum(['form', 'api']).default('form'),
    api: z.strictObject({ appId: z.string(), cid: z.union([z.string(), z.number()]) }).optional(),
  },
  notYet: (entry) => (entry['login'] === 'api' ? [{ field: 'login' }] : []),
  login: loginOf('alpha', ['password']),
};

const variables = { username: 'BETA_USERNAME', password: 'BETA_PASSWORD', apiKey: 'BETA_API_KEY' } as const;

/** Has an older file shape, entries from the environment, and says some things in words of its own. */
export const beta: Broker = {
  name: 'beta',
  title: 'Beta',
  policy,
  limits: [],
  questions: [],
  baseUrls: {},
  fields: {
    environment: z.enum(['demo', 'live']).default('demo'),
    password: z.string('is missing: the password of Beta'),
    // An author who repeats the value: it must not come through.
    apiKey: z
      .string()
      .refine((key) => !key.includes(' '), { error: (issue) => `${String(issue.input)} has a space` }),
    session: z.enum(['v3', 'v2']).default('v3'),
  },
  notYet: () => [],
  login(entry) {
    const { accounts } = entry;
    return entry['session'] === 'v2' && Array.isArray(accounts) && accounts.length > 0
      ? { faults: [{ field: 'accounts', message: 'needs session "v3"' }] }
      : loginOf('beta', ['password', 'apiKey'])(entry);
  },
  fromEnvironment(setting, fileEntries) {
    const found = Object.entries(variables).map(([field, variable]) => [field, setting(variable)] as const);
    const given = found.filter(([, value]) => value !== undefined);
    const isInFile = fileEntries.some((entry) => given.every(([field, value]) => entry[field] === value));
    return given.length === 0 || isInFile ? [] : [Object.fromEntries(given)];
  },
  fromOlderShape(document, setting) {
    const shape = z.object({ beta_markets: z.record(z.string(), z.record(z.string(), z.unknown())) });
    const parsed = shape.safeParse(document);
    if (!parsed.success) return undefined;
    return Object.entries(parsed.data.beta_markets).map(([environment, { clientId, ...own }]): RawEntry => {
      const login: Record<string, unknown> = {};
      for (const [field, variable] of Object.entries(variables))
        login[field] = own[field] ?? setting(variable);
      return { ...own, ...login, name: clientId, environment };
    });
  },
};

const thorough: Connection = {
  probe: () => Promise.resolve('alive'),
  discover: () => Promise.resolve([]),
};

/** Needs no username where there is a name; proves its tokens unless told otherwise, and lists accounts. */
export const gamma: Broker = {
  name: 'gamma',
  title: 'Gamma',
  policy,
  limits: [],
  questions: [],
  baseUrls: {},
  verifyByDefault: true,
  fields: {
    username: z.string().min(1).optional(),
    clientId: z.string(),
    clientSecret: z.string(),
  },
  notYet: () => [],
  login: loginOf('gamma', ['clientId', 'clientSecret'], thorough),
  fromEnvironment(setting, fileEntries) {
    const clientId = setting('GAMMA_CLIENT_ID');
    const clientSecret = setting('GAMMA_CLIENT_SECRET');
    if (clientId === undefined && clientSecret === undefined) return [];
    if (fileEntries.some((entry) => entry['clientSecret'] === clientSecret)) return [];
    return [{ name: 'gamma', ...(clientId && { clientId }), ...(clientSecret && { clientSecret }) }];
  },
};

export const brokers: readonly Broker[] = [alpha, beta, gamma];

/** A desk's folder with its credentials file. */
export interface Desk {
  readonly folder: string;
  readonly file: string;
  readonly env: Record<string, string>;
  readonly source: AccountsSource;
  /** Writes the credentials file: text as it is, anything else as JSON. */
  write(content: unknown): Promise<void>;
  read(): Promise<Reading>;
}

export async function openDesk(content?: unknown, env: Record<string, string> = {}): Promise<Desk> {
  const folder = await freshFolder();
  const file = join(folder, 'credentials.json');
  const source: AccountsSource = {
    file,
    brokers,
    setting: (variable) => env[variable],
    connect: (_broker, login) => login.connect(noIo),
  };
  const write = (next: unknown): Promise<void> =>
    writeFile(file, typeof next === 'string' ? next : JSON.stringify(next));
  if (content !== undefined) await write(content);
  return { folder, file, env, source, write, read: () => readAccounts(source) };
}

const absent = (): never => {
  throw new Error('a fake broker needs nothing');
};

const noIo: BrokerIo = {
  clock: { now: absent, sleep: absent },
  baseUrl: absent,
  http: absent,
  setting: absent,
  isHoliday: absent,
};

/** Each fault as `where: what`, with the file's folder left out. */
export const said = (reading: Reading): readonly string[] =>
  reading.faults.map(({ at, message }) => `${at.replace(/^\/.*?(?=credentials\.json)/, '')}: ${message}`);
