import { expect, it } from 'vitest';
import { silenceLine } from '../../../src/core/silence-words.ts';

const UNTIL = Date.UTC(2026, 1, 2, 22, 9);
const ends = (minutes: number, valid = true): { valid: boolean; expiry_time: string } => ({
  valid,
  expiry_time: new Date(UNTIL + minutes * 60_000).toISOString(),
});
const line = (...accounts: readonly { valid: boolean; expiry_time: string | null }[]): string =>
  silenceLine({ until: UNTIL, code: 'captcha' }, 'Broker', 'default', accounts);

it('says of a silence whose it is, until when and why, and how many tokens will not outlast it', () => {
  expect(line(ends(-5), ends(-1), ends(1), ends(-9, false), { valid: false, expiry_time: null })).toBe(
    'Broker, network default: silent until 22:09 UTC (captcha). 2 tokens end before that. 2 accounts have none now.',
  );
  expect(line(ends(-1))).toContain(' 1 token ends before');
  expect(line(ends(1))).toMatch(/ No tokens end before that\.$/);
  expect(line(ends(-9, false))).toContain(' No tokens end before that. 1 account has none now.');
});
