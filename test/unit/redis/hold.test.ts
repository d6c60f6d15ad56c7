import { spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeHold } from '../../../src/redis/embedded/hold.ts';
import { birthOf } from '../../../src/redis/embedded/process.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';

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
});
