import type { Account } from './account.ts';
import type { Limit, LimitedCall } from './limit.ts';

/** A limit as it is counted for one account: whose budget it is, and how much of it may be spent. */
export interface Budget {
  readonly limit: string;
  /** The egress, the fingerprint of the API key, or the account's name. */
  readonly subject: string;
  /** The broker's number, or the setting's. */
  readonly max: number;
  /** How many of them are for accounts that are in no hurry. */
  readonly routine: number;
  readonly windowMs: number;
  readonly counts: Limit['counts'];
  /** True where the reads that go with a step (its proof, the list of accounts) are counted as well. */
  readonly countsReads?: boolean;
}

/** The failed sign-ins that a network may afford; see docs/design.md. */
export interface Ledger extends Budget {
  /** How far apart sign-ins are, ms, while nobody answers them. */
  readonly paceMs: number;
}

/** While a broker answers no sign-in, logins that are known to be good are tried this far apart, ms. */
const PACE_MS = 60_000;

/** What the limits of an account are counted by. */
export interface Subjects {
  readonly egress: string;
  /** Of the account's API key; undefined where it has none. */
  readonly key: string | undefined;
}

/** The budgets that a call of this kind spends, in the broker's order. Failed sign-ins are the ledger's. */
export function budgetsOf(
  limits: readonly Limit[],
  call: LimitedCall,
  account: Pick<Account, 'name' | 'environment'>,
  subjects: Subjects,
): readonly Budget[] {
  return limits
    .filter((limit) => limit.calls.includes(call) && !isLedger(limit) && isIn(limit, account.environment))
    .flatMap((limit) => budgetOf(limit, account, subjects) ?? []);
}

/** The budgets that everybody behind an egress shares, its ledger of failed sign-ins among them. */
export function budgetsOfEgress(limits: readonly Limit[], egress: string): readonly Budget[] {
  return limits
    .filter((limit) => limit.per === 'egress')
    .flatMap((limit) => budgetOf(limit, { name: '' }, { egress, key: undefined }) ?? []);
}

/** An API key that is in use, by its fingerprint, and where. */
export interface KeyInUse {
  readonly key: string;
  readonly environment: string;
}

/** The budgets that everybody on an API key shares, for each of these keys. */
export function budgetsOfKeys(limits: readonly Limit[], keys: readonly KeyInUse[]): readonly Budget[] {
  return limits
    .filter((limit) => limit.per === 'key')
    .flatMap((limit) =>
      keys
        .filter(({ environment }) => isIn(limit, environment))
        .flatMap(({ key }) => budgetOf(limit, { name: '' }, { egress: '', key }) ?? []),
    );
}

/** The ledger of failed sign-ins of a network, where its broker counts them. */
export function ledgerOf(limits: readonly Limit[], egress: string): Ledger | undefined {
  const limit = limits.find(isLedger);
  const budget = limit && budgetOf(limit, { name: '' }, { egress, key: undefined });
  return budget && { ...budget, paceMs: PACE_MS };
}

const isLedger = (limit: Limit): boolean =>
  limit.counts === 'failures' && limit.per === 'egress' && limit.calls.includes('sign-in');

const isIn = (limit: Limit, environment: string): boolean =>
  limit.environment === undefined || limit.environment === environment;

function budgetOf(limit: Limit, account: Pick<Account, 'name'>, subjects: Subjects): Budget | undefined {
  const subject = { egress: subjects.egress, key: subjects.key, account: account.name }[limit.per];
  return subject === undefined
    ? undefined
    : {
        limit: limit.name,
        subject,
        max: limit.max,
        routine: Math.max(1, limit.max - limit.reserve),
        windowMs: limit.windowMs,
        counts: limit.counts,
        ...(limit.counts === 'every-call' && limit.calls.includes('proof') && { countsReads: true }),
      };
}

/** The limits with the numbers that settings give them, without those that are off: the reserve keeps its share. */
export function limitsWith(
  limits: readonly Limit[],
  setting: (variable: string) => string | undefined,
): readonly Limit[] | { readonly faults: readonly { readonly at: string; readonly message: string }[] } {
  const faults: { at: string; message: string }[] = [];
  const read = limits.flatMap((limit) => {
    const own = setting(limit.variable);
    if (limit.offByDefault && (own === undefined || own === '0')) return [];
    const at = own === undefined && limit.otherwise !== undefined ? limit.otherwise : limit.variable;
    const text = own ?? setting(at);
    if (text === undefined) return limit;
    if (!/^[1-9]\d{0,5}$/.test(text)) {
      faults.push({ at, message: 'must be a whole number from 1 to 999999' });
      return limit;
    }
    const max = Number(text);
    const { seen, ...rest } = limit;
    const isDoubted = seen !== undefined && own === undefined && seen < max;
    const reserve = Math.round((limit.reserve / limit.max) * max);
    return { ...rest, max, reserve, ...(isDoubted && { seen }) };
  });
  // A setting that speaks for several limits is at fault once.
  const each = new Map(faults.map((fault) => [fault.at, fault]));
  return each.size > 0 ? { faults: [...each.values()] } : read;
}
