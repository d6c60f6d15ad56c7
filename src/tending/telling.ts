import type { Account } from '../core/account.ts';
import type { BrokerError } from '../core/errors.ts';
import type { AccountRecord, AttemptKind, Session } from '../core/session.ts';
import type { KeeperParts } from './parts.ts';

/** What became of an account, said in one place: to the log, and to the listener where people shall hear it. */
export interface Telling {
  published(
    account: Account,
    before: AccountRecord,
    session: Session,
    how: { readonly reports: readonly string[]; readonly woken: number; readonly tookMs: number | undefined },
  ): void;
  /** A token came after somebody else had acted. */
  stale(account: Account, session: Session): void;
  /** `said` false: something else is tried at once, or it is no news. `at`: the next try, ms. */
  failed(
    account: Account,
    error: BrokerError,
    how: {
      readonly during: AttemptKind;
      readonly said: boolean;
      readonly state: string;
      readonly at: number | undefined;
    },
  ): void;
  expired(account: Account, reason: string): void;
  /** Nothing is wrong with the account itself; its network waits, and it has no token. */
  waitsForSilence(account: Account, reason: string, state: string, at: number | undefined): void;
}

const iso = (at: number): string => new Date(at).toISOString();

export function makeTelling(parts: Pick<KeeperParts, 'log' | 'listener'>): Telling {
  const { log, listener } = parts;
  /** Accounts that this process has said to be well since they last failed. */
  const wells = new Set<string>();
  /** What was reported of an account's keys last: the same thing is said once. */
  const reported = new Map<string, string>();
  const who = (account: Account): { account: string; broker: string } => ({
    account: account.name,
    broker: account.broker,
  });

  function report(account: Account, reports: readonly string[]): void {
    const text = reports.join('\n');
    if (text === (reported.get(account.name) ?? '')) return;
    reported.set(account.name, text);
    for (const each of reports) {
      log.warn(
        { event: 'keys.reported', account: account.name, report: each },
        `Keys of ${account.name}: ${each}.`,
      );
    }
  }

  return {
    published(account, before, session, { reports, woken, tookMs }) {
      report(account, reports);
      const { source, generation, grant } = session;
      const expiresAt = iso(grant.expiresAt);
      log.info(
        {
          event: 'token.published',
          ...who(account),
          source,
          generation,
          expiresAt,
          ...(tookMs !== undefined && { tookMs }),
        },
        `Published a token for ${account.name} (${source}), good until ${expiresAt}.`,
      );
      if (before.trouble) {
        const tries = before.failures === 1 ? 'try' : 'tries';
        log.info(
          { event: 'account.recovered', ...who(account), failures: before.failures },
          `${account.name} works again after ${before.failures} failed ${tries}.`,
        );
      }
      // Said once by each process also where nothing failed: a predecessor may have died before it could say so.
      if (before.trouble || source === 'consent' || !wells.has(account.name)) listener.recovered(account);
      wells.add(account.name);
      if (woken > 0) listener.woken(account.broker);
    },

    stale(account, { generation }) {
      log.warn(
        { event: 'token.stale', ...who(account), generation },
        `A token of ${account.name} came too late, after somebody else had acted; it was not published.`,
      );
    },

    failed(account, error, { during, said, state, at }) {
      const { code, kind, status } = error;
      log.warn(
        {
          event: 'refresh.failed',
          ...who(account),
          during,
          code,
          kind,
          status,
          nextAt: at === undefined ? null : iso(at),
        },
        `The ${during} for ${account.name} failed: ${error.message}`,
      );
      if (!said) return;
      wells.delete(account.name);
      listener.failed(account, error, { state, at });
    },

    expired(account, reason) {
      log.warn(
        { event: 'token.expired', ...who(account), reason },
        `The token of ${account.name} has expired.`,
      );
    },

    waitsForSilence(account, reason, state, at) {
      wells.delete(account.name);
      const message =
        'The broker asked this network for silence; without a token this account waits for its end.';
      listener.failed(account, { code: reason, kind: 'throttled', message }, { state, at });
    },
  };
}
