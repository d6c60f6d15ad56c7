/** Time left in words, two units at most, e.g. `1 h 12 min`. */
export declare function countdown(leftMs: number): string;

/** How a token's time left looks. */
export declare function lifeTone(leftMs: number, lifeMs: number): 'good' | 'waiting' | 'bad' | 'gone';
