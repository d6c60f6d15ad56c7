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
  /** Only for accounts of this environment, in the broker's own word. Never of a network's limits: all share these. */
  readonly environment?: string;
  readonly counts: 'every-call' | 'failures';
  /** The setting that replaces `max` (the reserve keeps its share). */
  readonly variable: string;
  /** The setting that speaks where that one does not. */
  readonly otherwise?: string;
  /** A smaller number that was met, and that nobody promises: a plan says who needs more, until `variable` has one. */
  readonly seen?: number;
  /** True for a limit that its documents contradict: counted only where the setting gives it a number. */
  readonly offByDefault?: boolean;
}
