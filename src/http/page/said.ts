import { randomBytes } from 'node:crypto';
import type { Tone } from './layout.ts';

/** What came of something that a person did on the page. */
export interface Said {
  readonly tone: Tone;
  readonly text: string;
}

/** Carries an answer over the redirect that follows a form; the address has but its number, which nobody can make up. */
export interface Sayings {
  /** Keeps it, and says under which number. */
  keep(said: Said): string;
  get(number: string): Said | undefined;
}

/** Older ones have been read. */
const KEPT = 100;

export function makeSayings(): Sayings {
  const kept = new Map<string, Said>();
  return {
    keep(said) {
      const number = randomBytes(9).toString('base64url');
      kept.set(number, said);
      for (const oldest of [...kept.keys()].slice(0, -KEPT)) kept.delete(oldest);
      return number;
    },
    get: (number) => kept.get(number),
  };
}
