/** The calls that limits speak of. `consent`: what a browser login needs; `arrival`: what somebody posted. */
export type LimitedCall = 'sign-in' | 'renewal' | 'consent' | 'proof' | 'arrival' | 'request';

/** A limit of the broker's, counted over a rolling window by all processes together. */
export interface Limit {
  /** Names it in Redis, in metrics and to people; lower case and dashes. */
  readonly name: string;
  readonly calls: readonly LimitedCall[];
  /** The broker's own number. */
  readonly max: number;
  /** How many of them are kept for accounts whose token is dead or about to die. */
  readonly reserve: number;
  readonly windowMs: number;
  readonly per: 'egress' | 'key' | 'account';
  readonly counts: 'every-call' | 'failures';
  /** The setting that replaces `max` (the reserve keeps its share). */
  readonly variable: string;
  /** True for a limit that its documents contradict: counted only where the setting gives it a number. */
  readonly offByDefault?: boolean;
}
