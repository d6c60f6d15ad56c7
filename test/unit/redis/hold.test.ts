import { spawn } from 'node:child_process';
import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import { takeHold } from '../../../src/redis/embedded/hold.ts';
import { birthOf } from '../../../src/redis/embedded/process.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';
import { until } from '../../support/poll.ts';

describe('a hold on a folder', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await freshFolder();
  });
  afterEach(removeFolders);

  it('is one process’s alone, until it is released', async () => {
    const first = await takeHold(dir);
    expect(await takeHold(dir)).toEqual({ held: false, by: process.pid });
    if (first.held) await first.release();
    expect(await takeHold(dir)).toMatchObject({ held: true });
  });

  it('is refused while another process that lives has it', async () => {
    const other = spawn('sleep', ['60']);
    const pid = other.pid ?? 0;
    await writeFile(join(dir, `held-by.${pid}.${await birthOf(pid)}`), '');
    expect(await takeHold(dir)).toEqual({ held: false, by: pid });
    expect(await readdir(dir)).toHaveLength(1);
    other.kill('SIGKILL');
    await new Promise((ended) => other.once('close', ended));
    expect(await takeHold(dir)).toMatchObject({ held: true });
  });

  it('does not mistake a later process with the same id for the one that was killed', async () => {
    await writeFile(join(dir, `held-by.${process.ppid}.00000000-1`), '');
    expect(await takeHold(dir)).toMatchObject({ held: true });
    expect(await readdir(dir)).toEqual([expect.stringContaining(`held-by.${process.pid}.`)]);
  });

  describe('where another container on the same volume left a mark', () => {
    const FOREIGN = 'held-by.1.00000000-1.1';
    /** A clock that moves by sleeping alone; `asleep` is what happens meanwhile. */
    const clockWith = (asleep: () => Promise<unknown>): Clock => {
      let now = 0;
      return {
        now: () => now,
        sleep: async (ms) => {
          now += ms;
          await asleep();
        },
      };
    };

    it('is refused while that one touches its mark, whatever its process id says here', async () => {
      await writeFile(join(dir, FOREIGN), '');
      let touched = 0;
      const touching = clockWith(async () => {
        touched += 1;
        const at = new Date(touched * 1_000);
        if (touched === 15) await utimes(join(dir, FOREIGN), at, at);
      });
      expect(await takeHold(dir, touching)).toEqual({ held: false, by: 1 });
      expect(await readdir(dir)).toEqual([FOREIGN]);
    });

    it('is taken once it was not touched for a while', async () => {
      await writeFile(join(dir, FOREIGN), '');
      const still = clockWith(async () => undefined);
      expect(await takeHold(dir, still)).toMatchObject({ held: true });
      expect(still.now()).toBe(4_000);
    });
  });

  it('touches its own mark, so that other containers see it live', async () => {
    const hold = await takeHold(dir);
    const [mark = ''] = await readdir(dir);
    const touchedAt = async (): Promise<number> => (await stat(join(dir, mark))).mtimeMs;
    const first = await touchedAt();
    await until(async () => (await touchedAt()) > first, { what: 'a touch' });
    if (hold.held) await hold.release();
    expect(await readdir(dir)).toEqual([]);
  });
});
