import { describe, expect, it } from 'vitest';
import { heldBackMessage } from '../../../src/core/held-back.ts';

const HOUR_MS = 3_600_000;
const UNTIL = Date.UTC(2026, 1, 2, 21, 56, 40);
const failures = { limit: 'failed-logins', max: 5, windowMs: HOUR_MS };
const say = (refused: readonly string[], mayUseRest = false): string =>
  heldBackMessage(failures, { refused, mayUseRest }, UNTIL);

describe('why a login is held back', () => {
  it('names who spent the failed logins, until when it waits, and what frees it', () => {
    expect(say(['A', 'B', 'C'])).toBe(
      '3 of 5 failed logins of this network in 60 min are used (A, B, C). A login that has never succeeded waits until 21:57 UTC. Mend those, or "token-refresher refresh NAME --force" tries one of them at once.',
    );
  });

  it('offers no further try where it could bar the network', () => {
    expect(say(['A', 'B', 'C', 'D'], true)).toMatch(/One more could bar .* until 21:57 UTC\. Mend those\.$/);
  });

  it('counts the names that are too many, and one account once', () => {
    expect(say(['A', 'A', 'B', 'C', 'D', 'E', 'F', 'G'])).toContain('(A, B, C, D, E and 2 more)');
  });

  it('wants nobody to act where nothing was refused', () => {
    expect(say([])).toBe(
      'Sign-ins of this network were not answered; the next one follows at 21:57 UTC. Nothing is to be done.',
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
