import { describe, expect, test } from 'vitest';
import { makeLedger } from '../../../src/simulator/ledger.ts';

const call = (operation: string, username?: string, spends?: string) => ({
  broker: 'broker',
  operation: {
    name: operation,
    ...(username !== undefined && { username }),
    ...(spends !== undefined && { spends }),
  },
  egress: 'default',
});

describe('the ledger', () => {
  test('keeps every call, from its start to its end', () => {
    let now = 1_000;
    const ledger = makeLedger(() => now);
    const open = ledger.open(call('login', 'USER'));
    expect(ledger.calls()).toEqual([
      {
        n: 1,
        broker: 'broker',
        operation: 'login',
        username: 'USER',
        egress: 'default',
        startedAt: 1_000,
        effect: false,
      },
    ]);
    now = 1_500;
    open.note({ status: 200, effect: true });
    open.end();
    now = 2_000;
    open.end();
    expect(ledger.calls()).toMatchObject([{ status: 200, effect: true, endedAt: 1_500 }]);
  });

  test('calls what the broker does not have unknown', () => {
    const ledger = makeLedger(() => 0);
    ledger.open({ broker: 'broker', operation: undefined, egress: 'default' });
    expect(ledger.calls()).toMatchObject([{ operation: 'unknown' }]);
  });

  test('shows that a secret came twice without keeping it', () => {
    const ledger = makeLedger(() => 0);
    for (const secret of ['made-up-1', 'made-up-2', 'made-up-1']) ledger.open(call('renew', 'USER', secret));
    const spent = ledger.calls().map((entry) => entry.spent);
    expect(spent[2]).toBe(spent[0]);
    expect(spent[1]).not.toBe(spent[0]);
    expect(JSON.stringify(ledger.calls())).not.toContain('made-up');
  });

  test('counts what is in flight, and the most there ever was', () => {
    const ledger = makeLedger(() => 0);
    const [first, second] = [ledger.open(call('login')), ledger.open(call('login'))];
    ledger.open(call('probe'));
    first.end();
    second.end();
    second.end();
    expect([ledger.inFlight('broker'), ledger.peakInFlight('broker')]).toEqual([1, 3]);
    expect([ledger.inFlight('broker', 'login'), ledger.peakInFlight('broker', 'login')]).toEqual([0, 2]);
    expect(ledger.inFlight('other')).toBe(0);
  });

  test('finds calls by each of their fields', () => {
    const ledger = makeLedger(() => 0);
    ledger.open(call('login', 'A')).note({ status: 200, effect: true });
    ledger.open(call('login', 'B')).note({ fault: 'drop' });
    const found = (filter: object): readonly number[] => ledger.calls(filter).map((entry) => entry.n);
    expect(found({ username: 'B' })).toEqual([2]);
    expect(found({ status: 200 })).toEqual([1]);
    expect(found({ fault: 'drop', effect: false })).toEqual([2]);
    expect(found({ after: 1 })).toEqual([2]);
    expect(found({ broker: 'other' })).toEqual([]);
  });

  test('can be waited on, and says what came where it did not', async () => {
    const ledger = makeLedger(() => 0);
    const waiting = ledger.waitForCalls({ operation: 'login', status: 200 }, 1, 5_000);
    ledger.open(call('login')).note({ status: 200 });
    expect(await waiting).toHaveLength(1);
    await expect(ledger.waitForCalls({ operation: 'login' }, 2, 10)).rejects.toThrow(
      '1 of 2 calls came within 10 ms',
    );
  });
});
