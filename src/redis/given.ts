/** What generations were given out. */
export interface Given {
  /** Known to be. */
  generation(): number;
  /** May have been: it counts where Redis forgot an account. */
  reservedElsewhere(): number;
  /** May have been by those before this process: it counts where generations run ahead of Redis' clock, which went back. */
  reservedAtStart(): number;
}

/** Nobody gave any. */
export const NOTHING_GIVEN: Given = {
  generation: () => 0,
  reservedElsewhere: () => 0,
  reservedAtStart: () => 0,
};
