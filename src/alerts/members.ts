import type { Level, Member } from './book.ts';

/** One account that failed, or, with `account` left as WHOLE, something that is wrong with no account. */
export interface Failure {
  readonly broker: string;
  readonly account: string;
  /** Stable, lower_snake_case; broker and code are the cause that messages are grouped by. */
  readonly code: string;
  /** For a person: what happened and what to do. No secret. */
  readonly message: string;
  /** When the service tries again by itself, ms; undefined: not until a person acts. */
  readonly nextAt?: number | undefined;
  /** What happens next, where it is neither a try nor a person's turn. */
  readonly next?: string | undefined;
  /** Where a person does what only a person can, for this account. */
  readonly link?: string | undefined;
  /** What is wrong with this account in particular, beside the message that it shares. */
  readonly why?: string | undefined;
  /** A limit that is counted by the minute: what is over in a moment comes again, until fewer calls are made. */
  readonly recurs?: boolean | undefined;
  /** It waits because the broker wants silence, for which somebody has failed. */
  readonly follows?: boolean | undefined;
  /** Its token is served all the same. */
  readonly served?: boolean | undefined;
  /** Until when bots have its token, ms; null: they have none. Left out where that is not known. */
  readonly tokenUntil?: number | null | undefined;
  /**
   * When whoever is concerned may next be called, at or after an instant (ms); undefined: not for this any more.
   * Left out: at any hour.
   */
  readonly hearAt?: ((at: number) => number | undefined) | undefined;
  readonly level: Level;
}

/** When people are reminded of what is critical and still open, ms after it began. */
export const REMIND_AFTER_MS = [60 * 60_000, 4 * 60 * 60_000, 24 * 60 * 60_000] as const;

/** The account as a member. Who joins an incident later is reminded with the others, of what is still to come. */
export function memberOf(failure: Failure, openedAt: number, since: number): Member {
  const { account: name, why, link, served, tokenUntil } = failure;
  const ahead = REMIND_AFTER_MS.map((after) => openedAt + after).filter((at) => at > since);
  return {
    name,
    state: 'failing',
    since,
    remindAt: [...new Set(ahead.flatMap((at) => nextHearing(failure, at) ?? []))],
    ...(why !== undefined && { why }),
    ...(link !== undefined && { link }),
    ...(served === true && { served }),
    ...(tokenUntil !== undefined && { tokenUntil }),
  };
}

/** True where nobody who is concerned is there now. */
export function isHushed(failure: Failure, now: number): boolean {
  return nextHearing(failure, now) !== now;
}

const nextHearing = ({ hearAt }: Failure, at: number): number | undefined => (hearAt ? hearAt(at) : at);
