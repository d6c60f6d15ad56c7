import { describe, expect, it } from 'vitest';
import { fakeDisk, type FakeDisk } from './fake-disk.ts';
import { answer, opened, session } from './support.ts';
import { fakeClock } from '../../support/clock.ts';

const folder = '/state';
const mirrorOn = (disk: FakeDisk, writer: string) => opened({ folder, disk, writer });

/** What a killed predecessor left: its file, and the one before it. */
async function left(): Promise<FakeDisk> {
  const disk = fakeDisk();
  const mirror = await mirrorOn(disk, 'before');
  await mirror.keep({ account: 'FIRST', refused: ['a'] });
  await mirror.keep({ account: 'SECOND', session: session(fakeClock().now()) });
  return disk;
}

/** One process's life: what it was told is on disk, until the disk dies. */
async function live(disk: FakeDisk): Promise<readonly string[]> {
  const kept: string[] = [];
  const mirror = await mirrorOn(disk, 'after');
  for (const account of ['THIRD', 'FOURTH', 'FIFTH']) {
    await mirror.keep({ account, refused: ['a'], held: answer(fakeClock().now()) });
    if (mirror.health() === undefined) kept.push(account);
  }
  return kept;
}

describe('a crash', () => {
  it('at any operation of a start and of three writes loses nothing that was on disk', async () => {
    const untouched = await left();
    const before = untouched.operations();
    await live(untouched);
    const steps = untouched.operations() - before;
    expect(steps).toBeGreaterThan(30);

    let found = 0;
    for (let step = 1; step <= steps; step += 1) {
      const disk = await left();
      disk.dieAt(step);
      const kept = await live(disk);
      expect(disk.isDead()).toBe(true);
      for (const after of disk.afterDeath()) {
        const mirror = await mirrorOn(after, 'next');
        expect(mirror.recall('FIRST')?.refused, `step ${step}`).toEqual(['a']);
        expect(mirror.recall('SECOND')?.session?.grant.token, `step ${step}`).toContain('made-up-token');
        for (const account of kept) expect(mirror.recall(account)?.refused, `step ${step}`).toEqual(['a']);
        expect(mirror.held().length).toBeGreaterThanOrEqual(kept.length);
        expect(mirror.health()).toBeUndefined();
        found += 1;
      }
    }
    expect(found).toBeGreaterThan(steps);
  });

  it('leaves no file behind that the next start does not clear away', async () => {
    const disk = await left();
    disk.dieAt(9);
    await live(disk);
    for (const after of disk.afterDeath()) {
      await mirrorOn(after, 'next');
      const names = [...after.files().keys()].filter((name) => !name.endsWith('.new'));
      expect(names.toSorted()).toEqual(['/state/mirror/v1-next', '/state/mirror/v1-next.1']);
    }
  });
});

describe('a file that is torn', () => {
  it('is put aside, and the one before it counts', async () => {
    const disk = await left();
    const path = '/state/mirror/v1-before';
    disk.set(path, disk.files().get(path)?.slice(0, 40));
    const mirror = await mirrorOn(disk, 'next');
    expect(mirror.recall('FIRST')?.refused).toEqual(['a']);
    expect(mirror.recall('SECOND')).toBeUndefined();
    expect([...disk.files().keys()].filter((name) => name.includes('unreadable'))).toHaveLength(1);
  });
});

describe('the next start', () => {
  it('goes on while another one takes the same files over', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const disk = await left();
      const mirrors = await Promise.all(['x', 'y', 'z'].map((writer) => mirrorOn(disk, `${writer}${turn}`)));
      await Promise.all(mirrors.map((mirror) => mirror.look()));
      for (const mirror of mirrors) {
        expect(mirror.recall('FIRST')?.refused).toEqual(['a']);
        expect(mirror.recall('SECOND')?.session).toBeDefined();
      }
      const mirror = await mirrorOn(disk, 'last');
      expect(mirror.recall('SECOND')?.session).toBeDefined();
    }
  });

  it('hides nothing from a process that looks at that moment', async () => {
    const disk = fakeDisk();
    const one = await mirrorOn(disk, 'one');
    let starting: (() => Promise<unknown>) | undefined;
    const list = async (path: string) => {
      const found = await disk.list(path);
      const start = starting;
      starting = undefined;
      await start?.();
      return found;
    };
    const other = await opened({ folder, disk: { ...disk, list }, writer: 'other' });
    await one.keep({ account: 'FIRST', refused: ['a'] });
    starting = () => mirrorOn(disk, 'third');
    await other.look();
    expect(other.recall('FIRST')?.refused).toEqual(['a']);
  });
});
