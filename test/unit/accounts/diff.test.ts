import { afterAll, describe, expect, it } from 'vitest';
import { diffAccounts, isEmpty, removesMany } from '../../../src/accounts/diff.ts';
import { removeFolders } from '../../support/folder.ts';
import { openDesk } from './fakes.ts';

afterAll(removeFolders);

const entry = { broker: 'beta', username: 'A', password: 'made-up', apiKey: 'key' };
const other = { username: 'B', password: 'made-up' };

async function diffOf(before: unknown, after: unknown) {
  const desk = await openDesk(before);
  const old = await desk.read();
  await desk.write(after);
  return diffAccounts(old, await desk.read());
}

describe('diffAccounts', () => {
  it('sees nothing in another order of entries and fields', async () => {
    const turned = Object.fromEntries(Object.entries(entry).toReversed());
    const diff = await diffOf([entry, other], [other, { ...turned, enabled: true, accounts: [] }]);
    expect(diff).toEqual({ added: [], removed: [], changed: [] });
    expect(isEmpty(diff)).toBe(true);
  });

  it('sees what came and what went', async () => {
    const diff = await diffOf([entry, other], [other, { ...other, username: 'C' }]);
    expect(diff).toMatchObject({ added: [{ name: 'C' }], removed: [{ name: 'A' }], changed: [] });
  });

  it.each([
    ['a password', { password: 'another' }, { identity: false, credentials: true, names: false }],
    [
      'the login behind a name',
      { username: 'Z', name: 'A' },
      { identity: true, credentials: false, names: false },
    ],
    ['sub-accounts', { accounts: ['S'] }, { identity: false, credentials: false, names: true }],
    ['a switch', { enabled: false }, { identity: false, credentials: false, names: false }],
    ['a TTL', { ttlSeconds: 60 }, { identity: false, credentials: false, names: false }],
    ['what only the broker knows', { session: 'v2' }, { identity: false, credentials: false, names: false }],
  ])('sees a change of %s', async (_what, change, kinds) => {
    const diff = await diffOf([entry, other], [{ ...entry, ...change }, other]);
    expect(diff).toMatchObject({ added: [], removed: [], changed: [{ ...kinds, before: { name: 'A' } }] });
  });
});

describe('removesMany', () => {
  const removing = (count: number) => ({
    added: [],
    changed: [],
    removed: Array.from({ length: count }, () => account),
  });
  const account = {
    name: 'A',
    broker: 'alpha',
    environment: 'demo',
    username: 'A',
    enabled: true,
    subAccounts: [],
    ttlSeconds: undefined,
    discoverAccounts: false,
    hours: undefined,
    verify: false,
    identity: 'alpha/demo/A',
    credentials: [],
    key: undefined,
    connection: {},
  };

  it.each([
    [1, 1, false],
    [1, 2, false],
    [2, 2, true],
    [2, 7, true],
    [2, 8, false],
    [3, 8, true],
    [25, 100, false],
    [26, 100, true],
  ])('%i of %i: %s', (removed, before, many) => {
    expect(removesMany(removing(removed), before)).toBe(many);
  });
});
