import type { Operation } from '../core/dialect.ts';
import type { Random } from '../core/clock.ts';

/**
 * What can go wrong on demand. Without effect at the broker: `refuse` and `throttle` (in the broker's
 * own words), `status`, `html`, `stall` (never answered), `drop` (connection destroyed). With effect,
 * the answer being what breaks: `slow` (late by `ms`), `drop-after`, `half` (cut off), `trickle` (a byte
 * each `ms`, without end), `garbage`, `empty`, `large` (10 MB), `wrong-type` (the right body as `type`),
 * `gzip` (compressed, though nobody asked for it).
 */
export const faultKinds = [
  'refuse',
  'throttle',
  'status',
  'html',
  'stall',
  'drop',
  'slow',
  'drop-after',
  'half',
  'trickle',
  'garbage',
  'empty',
  'large',
  'wrong-type',
  'gzip',
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface FaultRule {
  readonly broker: string;
  /** Only calls of this operation, in the dialect's words. */
  readonly operation?: string;
  readonly username?: string;
  readonly kind: FaultKind;
  /** How many calls it hits; absent: every one until it is removed. */
  readonly times?: number;
  /** Which share of the calls it hits, 0 to 1; absent: all. */
  readonly share?: number;
  /** For `slow`: how late the answer is (default 1000). For `trickle`: from byte to byte (default 200). */
  readonly ms?: number;
  /** For `status` (default 500) and `html` (default 502). */
  readonly status?: number;
  /** For `wrong-type`: the content type (default `text/plain`). */
  readonly type?: string;
}

/** The rules in force, oldest first; the first that fits is applied. */
export interface FaultBook {
  add(rule: FaultRule): { remove(): void };
  clear(): void;
  /** The rule for this call, counted down. */
  take(broker: string, operation: Operation | undefined): FaultRule | undefined;
}

/** An empty book of faults. */
export function makeFaultBook(random: Random): FaultBook {
  const rules = new Set<{ readonly rule: FaultRule; left: number }>();
  return {
    add: (rule) => {
      const entry = { rule, left: rule.times ?? Infinity };
      rules.add(entry);
      return { remove: () => void rules.delete(entry) };
    },
    clear: () => rules.clear(),
    take: (broker, operation) => {
      for (const entry of rules) {
        if (!fits(entry.rule, broker, operation)) continue;
        if (entry.rule.share !== undefined && random() >= entry.rule.share) continue;
        entry.left -= 1;
        if (entry.left <= 0) rules.delete(entry);
        return entry.rule;
      }
      return undefined;
    },
  };
}

function fits(rule: FaultRule, broker: string, operation: Operation | undefined): boolean {
  return (
    rule.broker === broker &&
    (rule.operation === undefined || rule.operation === operation?.name) &&
    (rule.username === undefined || rule.username === operation?.username)
  );
}
