import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openReportFile } from '../../../src/cli/report-file.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';

afterAll(removeFolders);

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('a report file', () => {
  it('is its owner’s alone', async () => {
    const folder = await freshFolder();
    const path = join(folder, 'report.md');
    const file = await openReportFile(path);
    await file.write('new');
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await modeOf(path)).toBe(0o600);
    expect(await readdir(folder)).toEqual(['report.md']);
  });

  it('leaves no trace where nothing is written', async () => {
    const folder = await freshFolder();
    await (await openReportFile(join(folder, 'report.md'))).close();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is never written over an older one, which may be all that is known of a first login', async () => {
    const folder = await freshFolder();
    const path = join(folder, 'report.md');
    await writeFile(path, 'old');
    await expect(openReportFile(path)).rejects.toThrow(/--report: .*report\.md exists/);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('that cannot be written is a fault before anything is reported', async () => {
    const opening = openReportFile('/nowhere/report.md');
    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    await expect(opening).rejects.toThrow(/--report: \/nowhere\/report\.md cannot be written \(ENOENT\)/);
  });
});
