import { describe, expect, it, vi } from 'vitest';
import { patientDisk } from '../../../src/mirror/patience.ts';
import { fakeClock } from '../../support/clock.ts';
import { fakeDisk } from './fake-disk.ts';
import { listening, opened } from './support.ts';

const folder = '/state';
const account = 'AB0001';

/** A disk whose `list` hangs until it is let go. */
function hanging(): { readonly disk: ReturnType<typeof fakeDisk>; hang(): void; letGo(): void } {
  const disk = fakeDisk();
  let gate: PromiseWithResolvers<void> | undefined;
  return {
    disk: {
      ...disk,
      async list(where) {
        await gate?.promise;
        return disk.list(where);
      },
    },
    hang: () => void (gate = Promise.withResolvers()),
    letGo: () => void gate?.resolve(),
  };
}

describe('a disk that hangs', () => {
  it('fails after 2 s, and at once from then on, until it answers', async () => {
    const clock = fakeClock();
    const { disk, hang, letGo } = hanging();
    const patient = patientDisk(disk, clock);
    const fails = (): Promise<unknown> => patient.list(folder).then(() => undefined, String);
    hang();
    const first = fails();
    await clock.advance(1_999);
    expect(clock.sleepers()).toBe(1);
    await clock.advance(1);
    expect(await first).toContain('ETIMEDOUT');
    const asked = disk.operations();
    expect(await fails()).toContain('ETIMEDOUT');
    await expect(patient.read('x')).rejects.toThrow('ETIMEDOUT');
    expect(disk.operations()).toBe(asked);
    letGo();
    await vi.waitFor(async () => expect(await fails()).toBeUndefined());
    expect(clock.sleepers()).toBe(0);
  });

  it('holds up a look and a change for 2 s, says so once a minute, and takes all when it answers', async () => {
    const clock = fakeClock();
    const { disk, hang, letGo } = hanging();
    const { log, events } = listening();
    const mirror = await opened({ folder, disk, clock, log });
    hang();
    let kept = 0;
    const keep = async (): Promise<void> => {
      await mirror.look();
      await mirror.keep({ account, refused: ['a'] });
      kept += 1;
    };
    void keep();
    await clock.advance(4_000);
    expect(kept).toBe(1);
    expect(mirror.recall(account)?.refused).toEqual(['a']);
    expect(mirror.health()).toContain('does not answer');
    void keep();
    await clock.advance(0);
    expect(kept).toBe(2);
    await clock.advance(50_000);
    expect(events.map(({ event }) => event)).toEqual(['mirror.unwritable']);
    letGo();
    await clock.advance(6_000);
    expect(mirror.health()).toBeUndefined();
    expect(events.map(({ event }) => event)).toEqual(['mirror.unwritable', 'mirror.works']);
    await mirror.close();
    expect((await opened({ folder, disk })).recall(account)?.refused).toEqual(['a']);
  });
});

describe('what is spent', () => {
  it('is on the disk when it may go out, and all that wait share one write', async () => {
    const { log } = listening();
    const disk = fakeDisk();
    let appends = 0;
    const counting = {
      ...disk,
      append: (path: string, text: string) => ((appends += 1), disk.append(path, text)),
    };
    const mirror = await opened({ folder, disk: counting, log });
    const names = Array.from({ length: 50 }, (_, i) => `A${i}`);
    await Promise.all(names.map((name) => mirror.renewals.spend(name, `${name}-secret`)));
    expect(appends).toBeLessThanOrEqual(2);
    // The power goes: of the machine only what was synced is left.
    for (const left of disk.afterDeath()) {
      const heir = await opened({ folder, disk: left, clock: fakeClock(0) });
      expect(names.filter((name) => !heir.renewals.isSpent(name, [`${name}-secret`]))).toEqual([]);
    }
  });

  it('is written when the disk takes it again', async () => {
    const clock = fakeClock();
    const disk = fakeDisk();
    const mirror = await opened({ folder, disk, clock });
    disk.refuse('ENOSPC');
    await mirror.renewals.spend('A', 'one');
    expect(mirror.health()).toContain('ENOSPC');
    disk.refuse(undefined);
    await clock.advance(5_000);
    expect(mirror.health()).toBeUndefined();
    expect((await opened({ folder, disk, clock: fakeClock(0) })).renewals.isSpent('A', ['one'])).toBe(true);
  });
});
