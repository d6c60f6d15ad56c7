/** Items of which the first is wanted, again and again, while others come in. */
export interface Heap<T> {
  add(item: T): void;
  take(): T | undefined;
}

/** A binary heap: adding and taking cost the logarithm of what it holds. */
export function makeHeap<T>(goesBefore: (a: T, b: T) => boolean): Heap<T> {
  const heap: T[] = [];
  /** Swaps two items if the one at `upper` should not stand above the one at `lower`. */
  const settle = (upper: number, lower: number): boolean => {
    const [above, below] = [heap[upper], heap[lower]];
    if (above === undefined || below === undefined || !goesBefore(below, above)) return false;
    [heap[upper], heap[lower]] = [below, above];
    return true;
  };
  return {
    add(item) {
      heap.push(item);
      for (let i = heap.length - 1; i > 0;) {
        const parent = (i - 1) >> 1;
        if (!settle(parent, i)) return;
        i = parent;
      }
    },
    take() {
      const first = heap[0];
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return first;
      heap[0] = last;
      for (let i = 0; ;) {
        const [left, right] = [heap[2 * i + 1], heap[2 * i + 2]];
        const child =
          left !== undefined && right !== undefined && goesBefore(right, left) ? 2 * i + 2 : 2 * i + 1;
        if (!settle(i, child)) return first;
        i = child;
      }
    },
  };
}
