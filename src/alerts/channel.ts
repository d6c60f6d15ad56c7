import type { Incident } from './book.ts';
import type { Morning } from './morning.ts';

/** What a channel is asked to say: an incident as it stands at `now` (ms). */
export interface Notice {
  readonly incident: Incident;
  readonly now: number;
  /** By whose clock times are said where the reader's own is not known; UTC where left out. */
  readonly zone?: string | undefined;
  /** The page on which a person sees more. */
  readonly home?: string | undefined;
}

/**
 * A way to people. Every call settles within CALL_MS, so that it ends inside the sender's lease, and
 * rejects with a ChannelError only.
 */
export interface Channel {
  /** Names the channel's deliveries in Redis; stable. */
  readonly name: string;
  /** The setting that leads to it, for whoever has to mend it. */
  readonly setting?: string | undefined;
  /** True where a message calls somebody, and an edit does not. */
  readonly calls: boolean;
  /** Loads what is slow to load, before the first incident needs it. */
  prepare(): Promise<void>;
  /** Says that an incident has begun. Returns the message's id, empty where there is none. */
  open(notice: Notice): Promise<string>;
  /** Brings the message up to date; `gone` where somebody deleted it. */
  edit(message: string, notice: Notice): Promise<'edited' | 'gone'>;
  /** Says that an incident still stands. */
  remind(notice: Notice): Promise<void>;
  /** Says that an incident is over. */
  close(message: string, notice: Notice): Promise<void>;
  /** Says how many accounts are ready this morning. Mentions nobody. */
  greet(morning: Morning, now: number): Promise<void>;
  stop(): void;
}

/** The longest a channel's call may take, ms. */
export const CALL_MS = 5_000;

/**
 * - `transient`: the channel, or the way to it, failed.
 * - `throttled`: it asks for silence, for `retryAfterMs`.
 * - `dead`: it does not know us any more; only a person can mend that.
 * - `unacceptable`: it will never take this message; the next one may pass.
 */
export type ChannelErrorKind = 'transient' | 'throttled' | 'dead' | 'unacceptable';

/** Why a channel did not take a message. Holds no address: a webhook's URL is a secret. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  readonly kind: ChannelErrorKind;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, kind: ChannelErrorKind, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}
