import { describe, expect, it } from 'vitest';
import { heldBackMessage } from '../../../src/core/held-back.ts';
import type { FailedSignIn, Suitor } from '../../../src/core/ledger.ts';
import type { Ledger } from '../../../src/core/limits.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 1, 2, 21, 10);
const UNTIL = Date.UTC(2026, 1, 2, 21, 56, 40);
const ledger: Ledger = {
  limit: 'failed-logins',
  subject: 'desk',
  max: 5,
  routine: 3,
  windowMs: HOUR_MS,
  counts: 'failures',
  paceMs: 60_000,
};
const failed = (refused: readonly string[], unknown: readonly string[] = []): readonly FailedSignIn[] => [
  ...refused.map((name) => ({ name, at: NOW - 60_000, as: 'refused' as const })),
  ...unknown.map((name) => ({ name, at: NOW - 30_000, as: 'unknown' as const })),
];
const say = (of: readonly FailedSignIn[], who: Partial<Suitor> = {}): string =>
  heldBackMessage(ledger, { ledger, failed: of, at: NOW, proven: false, forced: false, ...who }, UNTIL);

describe('why a login is held back', () => {
  it('names who spent the failed logins, until when it waits, and what frees it', () => {
    expect(say(failed(['A', 'B', 'C']))).toBe(
      '3 of 5 failed logins of this network in 60 min are used: 3 refused (A, B, C). A login that has never succeeded waits until 21:57 UTC. Correct the passwords that are still wrong; a refusal counts for 60 min, also where its password was corrected since. "token-refresher refresh NAME --force" tries one that waits at once.',
    );
  });

  it('counts what nobody answered beside what was refused, and promises no more than another look', () => {
    expect(say(failed(['A'], ['B', 'C']))).toBe(
      '3 of 5 failed logins of this network in 60 min are used: 1 refused (A), 2 unanswered (B, C). A login that has never succeeded waits, and is looked at again at 21:57 UTC. Correct the passwords that are still wrong; a refusal counts for 60 min, also where its password was corrected since. "token-refresher refresh NAME --force" tries one that waits at once.',
    );
  });

  it.each([{ proven: true }, { forced: true }])(
    'offers no further try where it could bar the network',
    (who) => {
      expect(say(failed(['A', 'B', 'C', 'D']), who)).toMatch(
        /: 4 refused \(A, B, C, D\)\. One more could bar .* until 21:57 UTC\. Correct the passwords that are still wrong; a refusal counts for 60 min, also where its password was corrected since\.$/,
      );
    },
  );

  it('does not tell a good login that it could bar the network where it is only paced', () => {
    expect(say(failed(['A'], ['B', 'C']), { proven: true })).toMatch(
      /2 unanswered \(B, C\)\. What nobody answered may have failed: the next login follows at 21:57 UTC\. Correct the passwords that are still wrong; a refusal counts for 60 min, also where its password was corrected since\.$/,
    );
  });

  it('counts the names that are too many, and one account once', () => {
    expect(say(failed(['A', 'A', 'B', 'C', 'D', 'E', 'F', 'G']))).toContain('(A, B, C, D, E and 2 more)');
  });

  it('wants nobody to act where nothing was refused', () => {
    expect(say(failed([], ['A', 'B', 'C', 'D', 'E', 'F']))).toBe(
      '6 logins of this network in 60 min failed or may have (the limit is 5): 6 unanswered (A, B, C, D, E and 1 more). What nobody answered may have failed: the next login follows at 21:57 UTC. Nothing is to be done.',
    );
  });

  it('names any other limit', () => {
    const budget = { limit: 'renewals', max: 15, windowMs: HOUR_MS };
    expect(heldBackMessage(budget, undefined, UNTIL)).toContain('limit "renewals" (15 in 60 min)');
    // At 21:56:10 "before 21:56" would be wrong.
    expect(heldBackMessage(budget, undefined, UNTIL)).toContain('leaves no room before 21:57 UTC');
    expect(heldBackMessage(budget, undefined, UNTIL - 40_000)).toContain('before 21:56 UTC');
  });
});
