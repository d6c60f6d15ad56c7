import { describe, expect, it } from 'vitest';
import { makeCount, type Counted } from '../../../src/metrics/count.ts';

const NOW = Date.UTC(2026, 10, 23, 8);
const account = (name: string, changes: Partial<Counted> = {}): Counted => ({
  name,
  broker: 'alpha',
  enabled: true,
  person: false,
  underWay: false,
  state: 'fresh',
  expiresAt: NOW + 600_000,
  renewAt: NOW + 300_000,
  dueAt: NOW + 300_000,
  isThere: true,
  ...changes,
});

function counted(accounts: readonly Counted[], broker = 'alpha') {
  const count = makeCount(NOW);
  for (const each of accounts) count.add(each);
  const found = count.result().get(broker);
  return {
    ...found,
    states: Object.fromEntries([...(found?.states ?? [])].filter(([, number]) => number > 0)),
    freshness: Object.fromEntries([...(found?.freshness ?? [])].filter(([, number]) => number > 0)),
  };
}

describe('a census', () => {
  it('counts states as they are now, not as they were stored', () => {
    const over = account('over', { expiresAt: NOW });
    const due = account('due', { renewAt: NOW - 1 });
    expect(counted([account('a'), over, due]).states).toEqual({ fresh: 1, expired: 1, due: 1 });
  });

  it('names the end of the token that ends first, and 0 where an enabled account has none', () => {
    const soon = account('soon', { expiresAt: NOW + 60_000 });
    const off = account('off', { enabled: false, expiresAt: undefined });
    expect(counted([account('a'), soon, off]).firstEnd).toBe(NOW + 60_000);
    expect(counted([account('a'), account('none', { expiresAt: undefined })]).firstEnd).toBe(0);
    expect(counted([account('a'), account('over', { expiresAt: NOW - 1 })]).firstEnd).toBe(0);
    expect(counted([off]).firstEnd).toBeUndefined();
    expect(counted([account('a'), account('none', { expiresAt: undefined })]).firstLiveEnd).toBe(
      NOW + 600_000,
    );
    expect(counted([account('none', { expiresAt: undefined })]).firstLiveEnd).toBeUndefined();
  });

  it('counts enabled accounts that nothing will look at again', () => {
    const lost = account('lost', { dueAt: undefined });
    const off = account('off', { enabled: false, dueAt: undefined });
    expect(counted([account('a'), lost, off]).withoutNextAction).toBe(1);
  });

  it('keeps brokers apart', () => {
    const other = account('b', { broker: 'beta', dueAt: undefined });
    expect(counted([account('a'), other]).withoutNextAction).toBe(0);
    expect(counted([account('a'), other], 'beta').withoutNextAction).toBe(1);
  });

  it.each([
    ['good', account('a')],
    ['good', account('a', { state: 'backing_off' })],
    ['good', account('a', { state: 'stopped' })],
    ['lacking', account('a', { state: 'backing_off', expiresAt: undefined })],
    ['lacking', account('a', { expiresAt: NOW - 1 })],
    ['lacking', account('a', { expiresAt: undefined, underWay: true })],
    ['waiting', account('a', { state: 'stopped', expiresAt: undefined })],
    ['waiting', account('a', { state: 'awaiting_approval', expiresAt: undefined })],
    ['waiting', account('a', { person: true, expiresAt: NOW - 1 })],
    ['not-owed', account('a', { enabled: false })],
    ['not-owed', account('a', { state: 'paused' })],
    ['not-owed', account('a', { isThere: false })],
    ['not-owed', account('a', { isThere: false, expiresAt: undefined })],
  ] as const)('counts as %s: %o', (kind, each) => {
    expect(counted([each]).freshness).toEqual({ [kind]: 1 });
  });
});
