import { expect, it } from 'vitest';
import { changeAccount } from '../../../src/mirror/changes.ts';
import { mergeAccounts } from '../../../src/mirror/merge.ts';
import { emptyAccount } from '../../../src/mirror/mirror.ts';
import type { Session } from '../../../src/core/session.ts';

const session = (token: string, generation: number, origin?: number): Session => ({
  generation,
  ...(origin !== undefined && { origin }),
  grant: {
    token,
    headers: {},
    issuedAt: 0,
    expiresAt: 1_000,
    tokenType: 'Bearer',
    baseUrl: 'http://127.0.0.1',
  },
  source: 'consent',
  identity: 'login',
  renewAt: 500,
  renewalSpent: false,
});

/** The older one was put back, as Redis had lost both. */
const older = { ...emptyAccount, session: session('older', 20, 10) };
const newer = { ...emptyAccount, session: session('newer', 12) };

it('keeps of two sessions the one that was got later, whichever was published last', () => {
  expect(mergeAccounts(older, newer).session?.grant.token).toBe('newer');
  expect(mergeAccounts(newer, older).session?.grant.token).toBe('newer');
});

it('does not end a newer session with an older one', () => {
  const ended = changeAccount(older, { account: 'UP', endedUpTo: 10 }, 1);
  expect(ended.session).toBeUndefined();
  expect(mergeAccounts(ended, newer).session?.grant.token).toBe('newer');
});

it('ends a session under each generation that it was published under', () => {
  const ended = changeAccount(older, { account: 'UP', endedUpTo: 10 }, 1);
  expect(mergeAccounts(ended, { ...emptyAccount, session: session('older', 10) }).session).toBeUndefined();
});
