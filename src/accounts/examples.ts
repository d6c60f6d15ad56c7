/** What stands in `credentials.example.json` and `.env.example` where a secret of yours belongs. */
const EXAMPLE = /^put-your-[a-z-]+-here$/;

/** Said of a value that was copied and never replaced: no real broker should be asked with it. */
export const STILL_THE_EXAMPLE = "is still the example's made-up value: put your own in its place";

export const isExample = (value: unknown): boolean => typeof value === 'string' && EXAMPLE.test(value);
