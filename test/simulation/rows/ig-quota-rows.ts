import type { RawEntry } from '../../../src/core/broker.ts';
import { v3 } from '../../support/rows/ig-row.ts';
import type { BrokerCall } from '../broker-net.ts';

/** Accounts on one demo key, and a quota. */
export interface QuotaRow {
  readonly name: string;
  readonly says: string;
  readonly accounts: number;
  readonly entry: RawEntry;
  readonly switches: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, string>>;
  /** Does it refuse anything? */
  readonly isSpent: boolean;
  /** Who calls nothing for ten seconds after a refusal. */
  readonly silent: 'key' | 'account';
  readonly code: string;
  /** The most calls that IG takes in a minute. */
  readonly most: number;
}

/** An account asks 1.7 times a minute. */
const row = (
  name: string,
  says: string,
  accounts: number,
  switches: QuotaRow['switches'],
  most: number,
  more: Partial<QuotaRow> = {},
): QuotaRow => ({
  name,
  says,
  accounts,
  entry: v3,
  switches,
  most,
  isSpent: true,
  silent: 'key',
  code: 'key_quota_exceeded',
  ...more,
});

const without = { isSpent: false };
const ofAccount = { silent: 'account', code: 'account_quota_exceeded' } as const;
const keySilent = 'the whole key silent for 10 s and more, one login each';
const never = 'nothing refused, no gap, no alert';
const toldOf = (calls: number): Pick<QuotaRow, 'settings'> => ({
  settings: { IG_KEY_CALLS_PER_MINUTE: String(calls) },
});
const toldDemo = { settings: { IG_DEMO_KEY_CALLS_PER_MINUTE: '8' } };

export const quotaRows: readonly QuotaRow[] = [
  row('demoQuota 8, five accounts', keySilent, 5, { demoQuota: 8 }, 8),
  row('demoQuota 8, four accounts', never, 4, { demoQuota: 8 }, 8, without),
  row('demoQuota random, five accounts', keySilent, 5, { demoQuota: 'random' }, 16),
  row('demoQuota 8 that the setting names, three accounts', never, 3, { demoQuota: 8 }, 8, {
    ...without,
    ...toldDemo,
  }),
  // It goes down to 4, and an account more would be refused then whatever the setting says.
  row('demoQuota random, two accounts, and the setting at 8', never, 2, { demoQuota: 'random' }, 16, {
    ...without,
    ...toldDemo,
  }),
  row('demoQuota 8 of a live key, five accounts', never, 5, { demoQuota: 8, environment: 'live' }, 60, {
    ...without,
    entry: { ...v3, environment: 'live', apiKey: 'key-live-rows' },
  }),
  row('keyQuota 3, two accounts', keySilent, 2, { keyQuota: 3 }, 3),
  row('keyQuota 4 that the setting names, two accounts', never, 2, { keyQuota: 4 }, 4, {
    ...without,
    ...toldOf(4),
  }),
  row(
    'accountQuota 1, two accounts',
    'the refused account silent for 10 s and more, one login each',
    2,
    { accountQuota: 1, authCountsAgainst: 'account' },
    2,
    ofAccount,
  ),
  row(
    'authCountsAgainst key, accountQuota 1',
    never,
    2,
    { accountQuota: 1, authCountsAgainst: 'key' },
    4,
    without,
  ),
  row(
    'authCountsAgainst account, keyQuota 3',
    never,
    2,
    { keyQuota: 3, authCountsAgainst: 'account' },
    4,
    without,
  ),
  row('authCountsAgainst both, keyQuota 3', keySilent, 2, { keyQuota: 3, authCountsAgainst: 'both' }, 3),
  row(
    'authCountsAgainst both, accountQuota 1',
    'the refused account silent for 10 s and more, one login each',
    2,
    { accountQuota: 1, authCountsAgainst: 'both' },
    2,
    ofAccount,
  ),
  row(
    'authCountsAgainst none, both of them 1',
    never,
    2,
    { keyQuota: 1, accountQuota: 1, authCountsAgainst: 'none' },
    4,
    without,
  ),
];

export const quotaSwitches = ['demoQuota', 'keyQuota', 'accountQuota', 'authCountsAgainst'];

/** A quota's word, which says that the call was not looked at. */
export const isTurnedAway = ({ answer }: BrokerCall): boolean =>
  /exceeded-.*allowance/.test(JSON.stringify(answer?.body ?? ''));
