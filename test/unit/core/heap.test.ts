import { expect, it } from 'vitest';
import { makeHeap } from '../../../src/core/heap.ts';

it('a heap gives its items in order, whatever the order they came in, and with others coming in between', () => {
  // 0 to 100 in an order without a pattern: 37 and 101 have no common divisor.
  const items = Array.from({ length: 101 }, (_, i) => (i * 37) % 101);
  const heap = makeHeap<number>((a, b) => a < b);
  for (const item of items.slice(0, 60)) heap.add(item);
  const early = [heap.take(), heap.take(), heap.take()];
  expect(early).toEqual([...items.slice(0, 60)].sort((a, b) => a - b).slice(0, 3));
  for (const item of items.slice(60)) heap.add(item);
  const rest = Array.from({ length: 98 }, () => heap.take());
  expect(rest).toEqual(items.filter((item) => !early.includes(item)).sort((a, b) => a - b));
  expect(heap.take()).toBeUndefined();
});
