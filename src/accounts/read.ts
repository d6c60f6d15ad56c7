import { dirname, resolve } from 'node:path';
import type { Account } from '../core/account.ts';
import type { Broker, Connection, Login } from '../core/broker.ts';
import { ConfigurationError, type Fault } from '../core/errors.ts';
import { brokerFaults, checkEntry, type CheckedEntry } from './entry.ts';
import { beyondConnection, commonPart } from './fields.ts';
import { digestOf, openFiles, type FileRead } from './files.ts';
import { fromEnvironment, fromFile } from './origins.ts';

/** Where accounts come from. */
export interface AccountsSource {
  /** The credentials file, absolute. */
  readonly file: string;
  /** The first is the default of an entry without `broker`. */
  readonly brokers: readonly Broker[];
  /** A setting of the environment; may throw `ConfigurationError`. */
  readonly setting: (variable: string) => string | undefined;
  /** Gives a login what it needs from outside; may throw `ConfigurationError`. */
  readonly connect: (broker: Broker, login: Login) => Connection;
  /** True: no real broker is asked, and the example file will do. */
  readonly takesExamples?: boolean;
}

/** Accounts, and what they were read from. */
export interface Loaded {
  readonly accounts: readonly Account[];
  /** Every file read, the credentials file first, also where it does not exist. */
  readonly files: readonly FileRead[];
  /** Over the content of all files; says "the same" within this process. */
  readonly digest: string;
  /** By account name, over all its fields; says "the same" within this process. */
  readonly entryDigests: ReadonlyMap<string, string>;
}

/** One look at the source. With faults there are no accounts. */
export interface Reading extends Loaded {
  readonly faults: readonly Fault[];
}

/** Reads all accounts. Throws one `ConfigurationError` with every fault; no message holds a secret. */
export async function loadAccounts(source: AccountsSource): Promise<Loaded> {
  const { faults, ...loaded } = await readAccounts(source);
  if (faults.length > 0) throw new ConfigurationError(faults);
  return loaded;
}

/** As `loadAccounts`, for who needs to know what was read when there are faults, too. */
export async function readAccounts(source: AccountsSource): Promise<Reading> {
  const { file, brokers, setting } = source;
  const files = openFiles();
  const inFile = await fromFile(file, files, brokers, setting);
  const inEnvironment = fromEnvironment(brokers, setting, inFile.candidates);
  const environmentNames = inEnvironment.candidates.length + inEnvironment.faults.length > 0;

  const entries = [...inFile.candidates, ...inEnvironment.candidates].map((each) =>
    checkEntry(each, brokers, source.takesExamples === true),
  );
  const read = readLogins(entries);
  const faults = [
    ...(inFile.missing && environmentNames ? [] : inFile.faults),
    ...inEnvironment.faults,
    ...entries.flatMap((entry) => entry.faults),
    ...read.faults,
    ...repeatedNames(entries),
    ...repeatedLogins(read.logins),
    ...repeatedTokenFiles(read.logins),
  ];
  if (entries.length === 0 && faults.length === 0) faults.push({ at: file, message: NO_ACCOUNT });
  const built = faults.length === 0 ? connectAll(read.logins, source) : { accounts: [], faults };
  const reads = files.reads();
  return {
    accounts: built.faults.length === 0 ? built.accounts : [],
    faults: built.faults,
    files: reads,
    digest: digestOf(JSON.stringify(reads)),
    entryDigests: new Map(
      read.logins.map(({ checked }) => [nameOf(checked), digestOf(canonical(checked.entry))]),
    ),
  };
}

const NO_ACCOUNT = 'names no account: add an entry (credentials.example.json shows how)';

interface ReadLogin {
  readonly checked: CheckedEntry;
  readonly broker: Broker;
  readonly login: Login;
}

/** The broker's own reading of every entry that has no fault so far. */
function readLogins(entries: readonly CheckedEntry[]): {
  readonly logins: readonly ReadLogin[];
  readonly faults: readonly Fault[];
} {
  const logins: ReadLogin[] = [];
  const faults: Fault[] = [];
  for (const checked of entries) {
    const { broker, entry } = checked;
    if (!broker || checked.faults.length > 0 || checked.lacksValue) continue;
    const read = broker.login(entry);
    if ('faults' in read) faults.push(...brokerFaults(checked, read.faults));
    else logins.push({ checked, broker, login: read.login });
  }
  return { logins, faults };
}

function connectAll(
  logins: readonly ReadLogin[],
  source: AccountsSource,
): { readonly accounts: readonly Account[]; readonly faults: readonly Fault[] } {
  const accounts: Account[] = [];
  const faults: Fault[] = [];
  for (const { checked, broker, login } of logins) {
    try {
      const account = accountOf(checked, broker, login, source);
      accounts.push(account);
      faults.push(...brokerFaults(checked, beyondConnection(commonPart(checked.entry), account.connection)));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      faults.push(...error.faults);
    }
  }
  // The same setting fails for every account of a broker: once is enough.
  const distinct = new Map(faults.map((fault) => [`${fault.at}: ${fault.message}`, fault]));
  return { accounts, faults: [...distinct.values()] };
}

function accountOf(checked: CheckedEntry, broker: Broker, login: Login, source: AccountsSource): Account {
  const common = commonPart(checked.entry);
  return {
    name: nameOf(checked),
    broker: broker.name,
    environment: login.environment,
    username: login.username,
    enabled: common.enabled,
    ...(common.mode === 'observe' && common.enabled && { observed: true }),
    subAccounts: common.accounts,
    ttlSeconds: common.ttlSeconds,
    // As a "file:" secret: relative to the credentials file.
    ...(common.tokenFile !== undefined && { tokenFile: resolve(dirname(source.file), common.tokenFile) }),
    discoverAccounts: common.discoverAccounts,
    hours: common.hours,
    verify: common.verify ?? broker.verifyByDefault ?? false,
    identity: login.identity,
    kind: login.kind,
    part: login.part,
    warnings: login.warnings,
    credentials: login.credentials,
    key: login.key,
    connection: source.connect(broker, login),
  };
}

function nameOf({ names, label }: CheckedEntry): string {
  const [own] = names;
  if (!own) throw new Error(`${label} passed its check without a name`);
  return own.name;
}

function repeatedNames(entries: readonly CheckedEntry[]): readonly Fault[] {
  const holders = new Map<string, string>();
  return entries.flatMap(({ label, names }) =>
    names.flatMap(({ name, field }) => {
      const holder = holders.get(name);
      holders.set(name, holder ?? label);
      if (holder === undefined) return [];
      const whose = holder === label ? 'this entry itself' : holder;
      return [
        {
          at: `${label}, ${field}`,
          message: `is a name of ${whose} already: every name stands for one login`,
        },
      ];
    }),
  );
}

function repeatedLogins(logins: readonly ReadLogin[]): readonly Fault[] {
  const holders = new Map<string, string>();
  const lone = new Map<string, string>();
  return logins.flatMap(({ checked: { label }, login: { identity, alone } }) => {
    const holder = holders.get(identity);
    const other = alone && lone.get(alone.key);
    holders.set(identity, holder ?? label);
    if (alone) lone.set(alone.key, other ?? label);
    if (holder !== undefined) {
      const message = `is the same login as ${holder}: keep one of them, with the other's names in its accounts`;
      return [{ at: label, message }];
    }
    return alone && other !== undefined
      ? [{ at: label, message: `shares what only one may use: ${other} ${alone.why}` }]
      : [];
  });
}

/** One file holds one token. */
function repeatedTokenFiles(logins: readonly ReadLogin[]): readonly Fault[] {
  const holders = new Map<string, string>();
  return logins.flatMap(({ checked: { label, entry } }) => {
    const { tokenFile } = commonPart(entry);
    if (tokenFile === undefined) return [];
    const holder = holders.get(tokenFile);
    holders.set(tokenFile, holder ?? label);
    return holder === undefined
      ? []
      : [{ at: `${label}, tokenFile`, message: `is the file of ${holder} already: name another one` }];
  });
}

/** The entry as text, the same for any order of its fields. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([field, part]) => `${JSON.stringify(field)}:${canonical(part)}`).join()}}`;
}
