import { describe, expect, it } from 'vitest';
import { makeLooks, type Looks } from '../../../src/scheduling/looks.ts';

interface Bench {
  readonly looks: Looks;
  /** The looks that are under way, in the order in which they began. */
  readonly begun: readonly string[];
  readonly failures: readonly string[];
  end(name: string, error?: Error): Promise<void>;
}

function bench(concurrency: number): Bench {
  const begun: string[] = [];
  const failures: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const look = (name: string): Promise<void> => {
    begun.push(name);
    const end = Promise.withResolvers<void>();
    ends.set(name, end);
    return end.promise;
  };
  return {
    looks: makeLooks(concurrency, look, (name, error) => failures.push(`${name}: ${String(error)}`)),
    begun,
    failures,
    async end(name, error) {
      if (error) ends.get(name)?.reject(error);
      else ends.get(name)?.resolve();
      // The microtasks of whoever waited for it.
      await new Promise(setImmediate);
    },
  };
}

const nothing = (): void => undefined;

describe('looks of one broker in one process', () => {
  it('are never more than the concurrency, whichever way they come', async () => {
    const { looks, begun, end } = bench(2);
    expect(looks.now('A', nothing)).toBe(true);
    const queued = ['B', 'C', 'D'].map((name) => looks.queued(name));
    expect(begun).toEqual(['A', 'B']);
    expect(looks.now('E', nothing)).toBe(false);
    await end('A');
    expect(begun).toEqual(['A', 'B', 'C']);
    expect(looks.now('E', nothing)).toBe(false);
    await end('B');
    await end('C');
    expect(begun).toEqual(['A', 'B', 'C', 'D']);
    expect(looks.now('E', nothing)).toBe(true);
    expect(looks.now('F', nothing)).toBe(false);
    await end('D');
    await Promise.all(queued);
    expect(begun).toEqual(['A', 'B', 'C', 'D', 'E']);
  });

  it('say what has to be said first only where they begin', async () => {
    const said: string[] = [];
    const { looks, begun } = bench(1);
    looks.now('A', () => said.push(`before ${begun.length} looks`));
    looks.now('B', () => said.push('B'));
    expect(said).toEqual(['before 0 looks']);
  });

  it('give their place back where they fail', async () => {
    const { looks, begun, failures, end } = bench(1);
    looks.now('A', nothing);
    const second = looks.queued('B');
    await end('A', new Error('Redis is away'));
    expect(failures).toEqual(['A: Error: Redis is away']);
    const refused = expect(second).rejects.toThrow('B failed');
    await end('B', new Error('B failed'));
    await refused;
    expect(looks.now('C', nothing)).toBe(true);
    expect(begun).toEqual(['A', 'B', 'C']);
  });

  it('are waited for at the end where they were begun at once', async () => {
    const { looks, end } = bench(2);
    looks.now('A', nothing);
    let isOver = false;
    const ended = looks.ended().then(() => (isOver = true));
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    await end('A');
    await ended;
    expect(isOver).toBe(true);
  });
});
