import type { Account } from '../core/account.ts';
import type { Grant } from '../core/broker.ts';
import type { LimitedCall } from '../core/limit.ts';
import type { Situation } from '../core/decision.ts';
import { budgetsOf, ledgerOf, type Budget, type Ledger } from '../core/limits.ts';
import { isLive, type AccountRecord } from '../core/session.ts';
import type { Acquired, Network } from '../core/store.ts';
import type { KeeperParts } from './parts.ts';
import { isPersons } from './persons.ts';

/** What stands around an account when something is decided or counted for it. */
export interface Surroundings {
  networkOf(account: Account): Network;
  /** Keyed fingerprints of the credentials, the sealing key's first. */
  fingerprintOf(account: Account): string;
  /** The same, where the service signs in by them. */
  signInFingerprintOf(account: Account): string | undefined;
  seedFingerprints(seed: Grant): readonly string[];
  situationOf(
    account: Account,
    record: AccountRecord,
    held: Pick<Acquired, 'silentUntil' | 'downUntil' | 'refusedKey'>,
  ): Situation;
  budgetsOf(account: Account, call: LimitedCall): readonly Budget[];
  /** Those of them that count only calls which failed. */
  failureBudgetsOf(account: Account, call: LimitedCall): readonly Budget[];
  ledgerOf(account: Account): Ledger | undefined;
  /** The owner that was pinned for the login this account is now. */
  pinnedOwner(account: Account, record: AccountRecord): string | undefined;
}

export function makeSurroundings(parts: KeeperParts): Surroundings {
  const budgetsFor = (account: Account, call: LimitedCall): readonly Budget[] =>
    budgetsOf(parts.limits(account.broker), call, account, { egress: parts.egress, key: keyOf(account) });
  const fingerprintOf = (account: Account): string => parts.fingerprints(account.credentials)[0] ?? '';
  const keysOf = ({ key }: Account): readonly string[] =>
    key === undefined ? [] : parts.fingerprints(['key', key]);
  const keyOf = (account: Account): string | undefined => keysOf(account)[0];
  const seedFingerprints = (seed: Grant): readonly string[] =>
    parts.fingerprints(['seed', ...Object.values(seed.renewal ?? {})]);

  return {
    fingerprintOf,
    signInFingerprintOf: (account) => (account.connection.signIn ? fingerprintOf(account) : undefined),
    seedFingerprints,
    networkOf(account) {
      const [key, ...olderKeys] = keysOf(account);
      return { broker: account.broker, egress: parts.egress, part: account.part, key, olderKeys };
    },
    situationOf(account, record, held) {
      const { seed } = account.connection;
      const isDown = held.downUntil > held.silentUntil;
      return {
        account,
        record,
        fingerprints: parts.fingerprints(account.credentials),
        seedFingerprints: seed ? seedFingerprints(seed) : [],
        refusedKey: held.refusedKey,
        silence: isDown
          ? { until: held.downUntil, because: 'broker_down' }
          : { until: held.silentUntil, because: 'broker_silence' },
        isClaimed: record.claimedBy !== undefined && parts.account(record.claimedBy) !== undefined,
        isHoliday: parts.isHoliday,
      };
    },
    budgetsOf: budgetsFor,
    failureBudgetsOf: (account, call) =>
      budgetsFor(account, call).filter(({ counts }) => counts === 'failures'),
    ledgerOf: (account) => ledgerOf(parts.limits(account.broker), parts.egress),
    pinnedOwner(account, record) {
      const prefix = `${account.identity} `;
      if (record.owner?.startsWith(prefix)) return record.owner.slice(prefix.length);
      const { session } = record;
      const isFound = session?.source === 'adopted' && isPersons(account);
      return session?.identity === account.identity && !isFound ? session.grant.owner : undefined;
    },
  };
}

/** True while the session's token is honoured for this account. */
export function hasLiveToken(account: Account, record: AccountRecord, now: number): boolean {
  return record.session !== undefined && isLive(record.session, account.identity, now);
}
