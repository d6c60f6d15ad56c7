import { describe, expect, test } from 'vitest';
import { makeFaultBook } from '../../../src/simulator/faults.ts';

describe('a fault', () => {
  const login = { name: 'login', username: 'USER' };

  test('hits the calls it names and no others', () => {
    const book = makeFaultBook(() => 0);
    book.add({ broker: 'broker', operation: 'login', username: 'USER', kind: 'drop' });
    const taken = [
      book.take('other', login),
      book.take('broker', { name: 'renew', username: 'USER' }),
      book.take('broker', { name: 'login', username: 'OTHER' }),
      book.take('broker', { name: 'login' }),
      book.take('broker', undefined),
      book.take('broker', login),
    ];
    expect(taken.map((rule) => rule?.kind)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      'drop',
    ]);
  });

  test('hits so many times, then the next one does', () => {
    const book = makeFaultBook(() => 0);
    book.add({ broker: 'broker', kind: 'drop', times: 2 });
    book.add({ broker: 'broker', kind: 'stall' });
    const kinds = Array.from({ length: 4 }, () => book.take('broker', login)?.kind);
    expect(kinds).toEqual(['drop', 'drop', 'stall', 'stall']);
  });

  test('hits a share of the calls', () => {
    const drawn = [0.05, 0.1, 0.9];
    const book = makeFaultBook(() => drawn.shift() ?? 1);
    book.add({ broker: 'broker', kind: 'drop', share: 0.1 });
    expect(Array.from({ length: 3 }, () => book.take('broker', login)?.kind)).toEqual([
      'drop',
      undefined,
      undefined,
    ]);
  });

  test('is over when it is removed', () => {
    const book = makeFaultBook(() => 0);
    const first = book.add({ broker: 'broker', kind: 'drop' });
    book.add({ broker: 'broker', kind: 'stall' });
    first.remove();
    expect(book.take('broker', login)?.kind).toBe('stall');
    book.clear();
    expect(book.take('broker', login)).toBeUndefined();
  });
});
