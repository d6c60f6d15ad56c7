import type { Redis } from 'ioredis';
import {
  readAccounts,
  watchAccounts,
  type AccountsDiff,
  type AccountsSource,
  type AccountsWatch,
  type Loaded,
  type Outcome,
} from '../accounts/index.ts';
import type { Alerts } from '../alerts/alerts.ts';
import { prepareStateDir, type Config } from '../config/index.ts';
import type { Account } from '../core/account.ts';
import type { Broker, Connection, Login } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { answerReload, pendingReload } from '../redis/reload.ts';
import { countByBroker } from './load.ts';
import { sayUnreachableNotifiers } from './notifiers.ts';

export interface AccountsParts {
  readonly config: Config;
  readonly brokers: readonly Broker[];
  readonly setting: (variable: string) => string | undefined;
  readonly connect: (broker: Broker, login: Login) => Connection;
  readonly clock: Clock;
  readonly log: Log;
}

export interface WatchParts {
  readonly redis: Redis;
  readonly alerts: Alerts;
  readonly instance: string;
  readonly changed: (diff: AccountsDiff) => Promise<void>;
}

/** The accounts in force, and what keeps them up to date. */
export interface Accounts {
  /** One that is served. */
  get(name: string): Account | undefined;
  /** All that are served. */
  all(): readonly Account[];
  /** Those that somebody else serves, and that are only watched. */
  observed(): readonly Account[];
  /** Every file read for the configuration and the accounts. */
  files(): readonly string[];
  redirectUris(): readonly string[];
  /** Takes changed files up from now on. */
  watch(parts: WatchParts): void;
  /** Takes them up at once. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** How often a person's `reload` is looked for. */
const REQUEST_LOOK_MS = 500;
/** Apart, so that a second fault of the file is said while the first one stands. */
const REFUSED = 'credentials_refused';
const HELD = 'credentials_held';

/** Reads the accounts. Throws ConfigurationError with every fault, the state folder's included. */
export async function startAccounts(parts: AccountsParts): Promise<Accounts> {
  const { config, clock, log } = parts;
  const source = {
    file: config.credentialsFile,
    brokers: parts.brokers,
    setting: parts.setting,
    connect: parts.connect,
    takesExamples: config.simulate,
  };
  const loaded = await loadWithStateDir(source, config.stateDir);
  let byName = index(loaded);
  let inForce = loaded;
  let watch: AccountsWatch | undefined;
  const stopping = new AbortController();
  let answering: Promise<void> = Promise.resolve();

  async function answerRequests({ redis, instance }: WatchParts): Promise<void> {
    let served = (await pendingReload(redis).catch(() => undefined))?.id;
    while (!stopping.signal.aborted) {
      await clock.sleep(REQUEST_LOOK_MS, stopping.signal);
      const request = await pendingReload(redis).catch(() => undefined);
      if (!watch || !request || request.id === served) continue;
      served = request.id;
      const outcome = await (request.acceptRemovals ? watch.acceptRemovals() : watch.now()).catch(
        () => 'failed' as const,
      );
      await answerReload(redis, request.id, { instance, ...inWords(outcome) }).catch(() => undefined);
    }
  }

  return {
    get: (name) => byName.get(name),
    all: () => servedOf(inForce.accounts),
    observed: () => inForce.accounts.filter(isObserved),
    files: () => [
      ...new Set([
        ...config.filesRead(),
        ...inForce.files.filter((file) => file.digest !== 'absent').map((file) => file.path),
      ]),
    ],
    redirectUris: () => [
      ...new Set(
        servedOf(inForce.accounts).flatMap((account) => account.connection.consent?.redirectUri ?? []),
      ),
    ],
    watch(watching) {
      const { alerts } = watching;
      const settle = (): void => {
        for (const code of [REFUSED, HELD]) void alerts.resolve({ code });
      };
      // What a predecessor said of its file is over: this process has taken the file as it stands.
      settle();
      sayUnreachableNotifiers(config, servedOf(inForce.accounts), log);
      watch = watchAccounts({
        async read() {
          const faults = config.holidays.reread();
          const reading = await readAccounts(source);
          return { ...reading, faults: [...faults, ...reading.faults] };
        },
        inForce: loaded,
        clock,
        async changed(next, diff) {
          inForce = next;
          byName = index(next);
          sayUnreachableNotifiers(config, servedOf(next.accounts), log);
          await watching.changed(servedDiff(diff));
          log.info(
            {
              event: 'accounts.reloaded',
              added: diff.added.length,
              removed: diff.removed.length,
              changed: diff.changed.length,
              accounts: countByBroker(next.accounts),
            },
            `Took up the changed credentials: ${diff.added.length} added, ${diff.removed.length} removed, ${diff.changed.length} changed.`,
          );
        },
        refused(error) {
          log.error(
            { event: 'accounts.refused', faults: error.faults },
            `The changed credentials were refused; the old ones stay in force. ${error.message}`,
          );
          void alerts.raise({
            code: REFUSED,
            level: 'warning',
            message: `The changed credentials file was refused; the old one stays in force. ${error.message}`,
          });
        },
        held(names) {
          const text = `The changed credentials file drops ${names.length} accounts (${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}). It waits for "token-refresher reload --accept-removals".`;
          log.error({ event: 'accounts.held', accounts: names }, text);
          void alerts.raise({ code: HELD, level: 'warning', message: text });
        },
        recovered: settle,
        failed: (error) =>
          log.error(
            { event: 'accounts.trouble', error: error instanceof Error ? error.message : 'unknown' },
            'The credentials could not be taken up; trying again.',
          ),
      });
      answering = answerRequests(watching);
    },
    async reload() {
      await watch?.now();
    },
    async stop() {
      stopping.abort();
      await watch?.stop();
      await answering;
    },
  };
}

const index = (loaded: Loaded): ReadonlyMap<string, Account> =>
  new Map(servedOf(loaded.accounts).map((account) => [account.name, account]));

const isObserved = ({ observed }: Account): boolean => observed === true;
const servedOf = (accounts: readonly Account[]): readonly Account[] =>
  accounts.filter((account) => !isObserved(account));

/** What a reload does to those that are served: one that is only watched from now on leaves service. */
export function servedDiff({ added, removed, changed }: AccountsDiff): AccountsDiff {
  return {
    added: [
      ...servedOf(added),
      ...changed
        .filter(({ before, after }) => isObserved(before) && !isObserved(after))
        .map(({ after }) => after),
    ],
    removed: [
      ...servedOf(removed),
      ...changed
        .filter(({ before, after }) => !isObserved(before) && isObserved(after))
        .map(({ before }) => before),
    ],
    changed: changed.filter(({ before, after }) => !isObserved(before) && !isObserved(after)),
  };
}

/** The state folder's fault belongs into the same one message as the accounts'. */
async function loadWithStateDir(source: AccountsSource, stateDir: string): Promise<Loaded> {
  const fault = await prepareStateDir(stateDir);
  const { faults, ...loaded } = await readAccounts(source);
  const all = fault ? [fault, ...faults] : faults;
  if (all.length > 0) throw new ConfigurationError(all);
  return loaded;
}

function inWords(outcome: Outcome | 'failed'): { done: boolean; message: string } {
  switch (outcome) {
    case 'changed':
      return { done: true, message: 'took the file up' };
    case 'unchanged':
      return { done: true, message: 'nothing has changed' };
    case 'refused':
      return {
        done: false,
        message:
          'refused the file, the old one stays in force; the log and the alert list its faults, and "token-refresher check" on that machine',
      };
    case 'held':
      return {
        done: false,
        message: 'the file drops many accounts: say "reload --accept-removals" if that is meant',
      };
    case 'failed':
      return { done: false, message: 'could not take the file up; it is tried again' };
  }
}
