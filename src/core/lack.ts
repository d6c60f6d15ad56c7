/** Something that was asked for beside a token and did not come. */
export interface Lack {
  /** The code of the error that stood in the way. */
  readonly code: string;
  /** For a person: what is missing, why, and what to do. */
  readonly message: string;
  /** When it is asked for again, ms; absent: with the next renewal. */
  readonly retryAt?: number;
}
