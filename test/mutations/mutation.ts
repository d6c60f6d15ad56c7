/** One piece of text in place of another, which must be there exactly once. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A protection taken away, and the tests that must notice. */
export interface Mutation {
  /** What is broken, in words. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** The project of the tests below. */
  readonly project: 'unit' | 'integration' | 'simulation' | 'system';
  /** Files, as vitest filters them. */
  readonly tests: readonly string[];
  /** Only the tests of these files whose name this pattern finds. */
  readonly named?: string;
}
