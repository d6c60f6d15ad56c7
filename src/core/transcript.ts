/**
 * What a broker really said, without a value of it: for the first login that a desk makes, and for
 * the questions that documents leave open.
 */
export interface TranscribedCall {
  readonly method: string;
  /** Without host and query; what may be an id in it is `{id}`. */
  readonly path: string;
  /** Names of the fields that were sent in the body. */
  readonly sent?: readonly string[];
  /** HTTP status; undefined where no answer came. */
  readonly status: number | undefined;
  readonly tookMs: number;
  /** Names of the answer's headers, lower case, sorted. */
  readonly headers: readonly string[];
  /**
   * The body's fields by path, each with what kind of thing it held. The elements of an array share one
   * path: `d.expiration`, `accounts[].accountId`; `$[].name` where the body itself is the array.
   */
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** `json`, `html`, `text` or `empty`. */
  readonly body: 'json' | 'html' | 'text' | 'empty';
  /** The code of the error that it was taken for, where it was one. */
  readonly error?: string;
}

/** A value's kind in place of the value. Instants and lives are given relative to the call, in seconds. */
export interface FieldKind {
  readonly type: 'string' | 'number' | 'boolean' | 'null' | 'array' | 'object';
  /** Of a string or an array. */
  readonly length?: number;
  /** An instant: how it was written, and how far ahead it lay. */
  readonly instant?: {
    readonly written: 'seconds' | 'milliseconds' | 'iso' | 'iso-fraction';
    readonly inSeconds: number;
  };
  /** A number (or a number in a string) whose name says that it is a duration. */
  readonly seconds?: number;
  /** A JWT's claims: names, and the life it states. */
  readonly jwt?: {
    readonly header: readonly string[];
    readonly claims: readonly string[];
    readonly expiresInSeconds?: number;
  };
}

/** A question that a broker's documents leave open and a real login can settle. */
export interface Question {
  /** Lower case and dashes. */
  readonly id: string;
  readonly text: string;
  /** The answer in words, or undefined where these calls do not settle it. `kind`: the login's, in its broker's words. */
  readonly settledBy: (calls: readonly TranscribedCall[], kind?: string) => string | undefined;
  /** For a person: what would show it, where a login did not. */
  readonly findOut?: string;
}
