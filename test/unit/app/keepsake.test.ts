import { afterAll, describe, expect, it } from 'vitest';
import { makeKeepsake } from '../../../src/app/keepsake.ts';
import type { Account } from '../../../src/core/account.ts';
import { emptyRecord } from '../../../src/core/session.ts';
import { fakeClock } from '../../support/clock.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';
import { opened } from '../mirror/support.ts';

afterAll(removeFolders);

const store = {
  silence: () => Promise.resolve({ endsAt: 0, leftMs: 0 }),
  recharge: () => Promise.resolve(),
  allowKey: () => Promise.resolve(),
  restoreKey: () => Promise.resolve(undefined),
  keyWord: () => Promise.resolve(undefined),
  networkWord: () => Promise.resolve({ silence: undefined, failed: [], succeededAt: 0 }),
};

/** An account whose entry brings this pair to start from. */
const startingFrom = (refreshToken: string): Account => ({
  name: 'DESK',
  broker: 'any',
  environment: 'demo',
  username: 'desk',
  enabled: true,
  subAccounts: [],
  ttlSeconds: undefined,
  discoverAccounts: false,
  hours: undefined,
  verify: false,
  identity: 'any/desk',
  credentials: ['made-up-pass'],
  key: undefined,
  connection: {
    seed: {
      token: `${refreshToken}-access`,
      headers: {},
      tokenType: 'Bearer',
      baseUrl: 'http://127.0.0.1',
      renewal: { refreshToken },
      issuedAt: 0,
      expiresAt: 0,
    },
  },
});

describe('logins that nobody answered', () => {
  it.each([
    [1, 10_000],
    [4, 15 * 60_000],
  ])('pace from now on (%s of them) where a clock that was ahead dated them', async (count, mostMs) => {
    const clock = fakeClock();
    const mirror = await opened({ folder: await freshFolder(), clock });
    const keepsake = makeKeepsake({
      mirror,
      store,
      fingerprints: (secrets) => [secrets.join(' ')],
      clock,
    });
    const account = startingFrom('made-up');
    const unknownSignIns = Array.from({ length: count }, (_, i) => clock.now() + 60 * 60_000 + i);
    await keepsake.remember(account, { ...emptyRecord, unknownSignIns }, 'verdict');
    const { retryAt } = keepsake.recall(account, emptyRecord, true);
    expect(retryAt).toBeGreaterThan(clock.now());
    expect(retryAt).toBeLessThanOrEqual(clock.now() + mostMs);
    await mirror.close();
  });
});

describe('a refused password that this disk alone still knows of', () => {
  it.each([
    ['no longer counts where a login with it has worked since, for another process', 60_000, undefined, []],
    ['counts on where that login was before it', -60_000, undefined, ['made-up-pass']],
    ['counts on where clocks do not tell which was first', 2_000, undefined, ['made-up-pass']],
    ['counts on where it was refused again', 60_000, ['made-up-pass'], ['made-up-pass']],
  ])('%s', async (_, laterMs, refused = [], expected) => {
    const clock = fakeClock();
    const mirror = await opened({ folder: await freshFolder(), clock });
    const keepsake = makeKeepsake({ mirror, store, fingerprints: (secrets) => [secrets.join(' ')], clock });
    const account = startingFrom('made-up');
    const told = clock.now();
    const trouble = { code: 'bad_credentials', kind: 'needs-human', message: 'no', at: told } as const;
    await keepsake.remember(account, { ...emptyRecord, refused: ['made-up-pass'], trouble }, 'verdict');
    const grant = {
      token: 'made-up-token',
      headers: {},
      tokenType: 'Bearer',
      baseUrl: '',
      issuedAt: told + laterMs,
      expiresAt: told + 80 * 60_000,
    };
    const session = {
      generation: 1,
      grant,
      source: 'sign-in',
      identity: 'any/desk',
      renewAt: told,
      renewalSpent: false,
    } as const;
    const found = { ...emptyRecord, session, proven: 'made-up-pass', refused };
    const recalled = keepsake.recall(account, found, true);
    expect(recalled.refused).toEqual(expected);
    expect(recalled.trouble?.code).toBe(expected.length > 0 ? 'bad_credentials' : undefined);
    await mirror.close();
  });
});

describe('what is kept of a pair to start from', () => {
  it('is each one that was sent: an old and a new file by turns send none twice', async () => {
    const clock = fakeClock();
    const mirror = await opened({ folder: await freshFolder(), clock });
    const keepsake = makeKeepsake({
      mirror,
      store,
      fingerprints: (secrets) => [secrets.join(' ')],
      clock,
    });
    const [old, current] = [startingFrom('made-up-old'), startingFrom('made-up-new')];
    const spent = (account: Account): string =>
      `seed ${account.connection.seed?.renewal?.['refreshToken'] ?? ''}`;
    for (const account of [old, current]) {
      await keepsake.remember(account, { ...emptyRecord, seedSpent: spent(account) }, 'verdict');
    }
    // Redis' record names the last one that was sent.
    const record = { ...emptyRecord, seedSpent: spent(current) };
    expect(keepsake.recall(old, record, false).seedSpent).toBe(spent(old));
    expect(keepsake.recall(current, record, false).seedSpent).toBe(spent(current));
    expect(keepsake.recall(startingFrom('made-up-third'), record, false).seedSpent).toBe(spent(current));
    await mirror.close();
  });
});

describe('an answer that Redis could not take', () => {
  it.each([
    ['is put in the place of the session that it came after', 5, true],
    ['is an old one where another session came since, whatever the clocks say', 6, false],
  ])('%s', async (_, generation, isNewer) => {
    const clock = fakeClock();
    const mirror = await opened({ folder: await freshFolder(), clock });
    const keepsake = makeKeepsake({
      mirror,
      store,
      fingerprints: (secrets) => [secrets.join(' ')],
      clock,
    });
    const account = startingFrom('made-up');
    const grantOf = (token: string) => ({
      ...account.connection.seed!,
      token,
      issuedAt: clock.now(),
      expiresAt: clock.now() + 60_000,
    });
    // Held by a process whose clock is twenty minutes ahead.
    const startedAt = clock.now() + 20 * 60_000;
    const { identity } = account;
    await keepsake.hold(account, {
      startedAt,
      since: 5,
      grant: grantOf('held'),
      source: 'renewal',
      identity,
    });
    const session = {
      ...{ generation, grant: grantOf('other'), source: 'renewal' as const, identity },
      ...{ renewAt: 0, renewalSpent: false, unrenewed: 0 },
    };
    expect(keepsake.grantOf(account, { ...emptyRecord, session })?.grant.token).toBe(
      isNewer ? 'held' : undefined,
    );
    await mirror.close();
  });
});
