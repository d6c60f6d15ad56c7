import type { State } from './state.ts';

/** The last day is kept in quarters of an hour. */
export const QUARTER_MS = 15 * 60_000;
export const QUARTERS = 96;

/** How an account stood: out of service, well, waiting or failing, stopped or without a token; the worse the later. */
export const marks = ['idle', 'good', 'waiting', 'bad'] as const;
export type Mark = (typeof marks)[number];
/** A mark for each quarter of an hour (UTC) of the last 24 h, the oldest first; null where nobody knows. */
export type LastDay = readonly (Mark | null)[];

const letters = { idle: 'i', good: 'g', waiting: 'w', bad: 'x' } as const satisfies Record<Mark, string>;

const marksOfStates: Readonly<Record<State, Mark>> = {
  fresh: 'good',
  due: 'good',
  refreshing: 'good',
  backing_off: 'waiting',
  awaiting_approval: 'waiting',
  stopped: 'bad',
  expired: 'bad',
  paused: 'idle',
  disabled: 'idle',
};

/** What a script is told to keep of a decision (`keepDay` in decisions.lua). */
export interface DayPayload {
  readonly quarter: number;
  /** The last quarter for which it speaks: a service that is down decides nothing. 0: all until the next decision. */
  readonly until: number;
  readonly as: string;
}

/**
 * `isHeldUp`: it waits for something beyond it, with a token that is still good. `nextAt`: when the next decision was to come, ms; none or 0: not
 * by itself.
 */
export function dayPayload(
  state: State,
  did: string,
  now: number,
  nextAt: number | undefined,
  isHeldUp = false,
): DayPayload {
  const mark = marksOfStates[state];
  const isTrouble = mark === 'good' && (isHeldUp || ['failed', 'withdrawn', 'expired'].includes(did));
  return {
    quarter: quarterOf(now),
    until: nextAt === undefined || nextAt <= 0 ? 0 : quarterOf(nextAt) + 1,
    as: letters[isTrouble ? 'waiting' : mark],
  };
}

/** What was kept of an account's last day. */
export function readDay(text: string | null, now: number): LastDay {
  const [, quarter, until, as = '', line = ''] =
    /^(\d+)\.(\d+)\.(\w)\.([\w-]+)$/.exec(text ?? '') ?? ([] as const);
  if (quarter === undefined) return Array.from({ length: QUARTERS }, () => null);
  const newest = Number(quarter);
  const isKnown = (each: number): boolean => until === '0' || each <= Number(until);
  return Array.from({ length: QUARTERS }, (_, i) => {
    const each = quarterOf(now) - QUARTERS + 1 + i;
    const letter = each > newest ? (isKnown(each) ? as : '-') : line.at(each - newest - 1);
    return each <= newest - line.length ? null : (marks.find((mark) => letters[mark] === letter) ?? null);
  });
}

const quarterOf = (at: number): number => Math.floor(at / QUARTER_MS);
