import { inspect } from 'node:util';

export interface Wait {
  /** What is waited for, in words: the message when it does not come. */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

const isTruthy = <T>(answer: T): answer is T & Truthy<T> => Boolean(answer);

/**
 * Asks until the answer is truthy and returns it. One that throws has not come true yet. Rejects at
 * the deadline with what was waited for and what was seen last.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 10_000, intervalMs = 20 }: Wait,
): Promise<Truthy<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let seen: string;
    try {
      const answer = await condition();
      if (isTruthy(answer)) return answer;
      seen = inspect(answer);
    } catch (error) {
      seen = String(error);
    }
    if (Date.now() >= deadline) throw new Error(`waited ${timeoutMs} ms for ${what}; last seen: ${seen}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
