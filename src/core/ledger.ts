import type { Ledger } from './limits.ts';

/** A failed sign-in of a network: refused, or one that nobody answered and that may have failed. */
export interface FailedSignIn {
  readonly name: string;
  readonly at: number;
  readonly as: 'refused' | 'unknown';
}

/** The same by the name of its call, as it is kept beside Redis. */
export type KeptFailure = Omit<FailedSignIn, 'name'> & { readonly member: string };

/** What the ledger asks of a login: whether its credentials signed in before, and whether a person wants this try. */
export interface Suitor {
  readonly proven: boolean;
  readonly forced: boolean;
}

/** Why and how long the ledger holds a login up. Instants in ms. */
export interface LedgerHold {
  /** `refused`: the share for such logins is spent; `in-doubt`: it may be; `paced`: nobody answers, and they go apart. */
  readonly why: 'refused' | 'in-doubt' | 'paced';
  /** When it is looked at again. */
  readonly until: number;
  /** When it goes at the latest, if nothing else fails. */
  readonly latest: number;
}

type Rules = Pick<Ledger, 'max' | 'routine' | 'windowMs' | 'paceMs'>;

/** How far apart logins go that never succeeded, ms, while nobody answers. */
export const slowPaceMs = ({ windowMs, max }: Pick<Rules, 'windowMs' | 'max'>): number => windowMs / max;

/**
 * What holds a login up at `now` (ms), as scripts/budget.lua says; nothing where it may go. `failed`: oldest first. Where
 * logins are paced, that one gives each account which was left without an answer longer ago four seconds more to come first.
 */
export function ledgerHold(
  ledger: Rules,
  failed: readonly FailedSignIn[],
  { proven, forced }: Suitor,
  now: number,
): LedgerHold | undefined {
  const { windowMs, routine: ours } = ledger;
  const all = failed.filter(({ at }) => at > now - windowMs);
  const refused = all.filter(({ as }) => as === 'refused');
  const lastUnknown = all.findLast(({ as }) => as === 'unknown');
  const most = proven || forced ? Math.max(1, ledger.max - 1) : ours;
  const leaves = (from: readonly FailedSignIn[], count: number): number =>
    (from[from.length - count]?.at ?? now) + windowMs + 1;
  if (refused.length >= most) {
    const until = leaves(refused, most);
    return { why: 'refused', until, latest: until };
  }
  if (!proven && !forced && refused.length > 0 && all.length >= ours) {
    const slowMs = slowPaceMs(ledger);
    // Who goes all the same leaves one more that may fail.
    if (all.length <= ledger.max - 2) {
      const until = (all.at(-1)?.at ?? 0) + slowMs;
      return until > now ? { why: 'in-doubt', until, latest: until } : undefined;
    }
    const latest = leaves(all, ours);
    return { why: 'in-doubt', until: Math.min(latest, now + slowMs + 1), latest };
  }
  if (all.length >= ours && lastUnknown && !forced) {
    const until = lastUnknown.at + (proven ? ledger.paceMs : slowPaceMs(ledger));
    if (until > now) return { why: 'paced', until, latest: until };
  }
  return undefined;
}
