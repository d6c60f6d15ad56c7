/** Time left in words, two units at most, e.g. `1 h 12 min`. */
export declare function countdown(leftMs: number): string;
