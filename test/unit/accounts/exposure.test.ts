import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exposedOf } from '../../../src/accounts/exposure.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';

afterAll(removeFolders);

async function fileWith(mode: number): Promise<string> {
  const path = join(await freshFolder(), 'credentials.json');
  await writeFile(path, '[]');
  await chmod(path, mode);
  return path;
}

describe('a file with secrets', () => {
  it.each([
    [0o644, '644'],
    [0o640, '640'],
    [0o604, '604'],
    [0o620, '620'],
    [0o777, '777'],
  ])('is exposed by mode %o', async (mode, shown) => {
    const path = await fileWith(mode);
    expect(await exposedOf([path])).toEqual([{ path, mode: shown }]);
  });

  it.each([0o600, 0o400, 0o700])('is not exposed by mode %o', async (mode) => {
    expect(await exposedOf([await fileWith(mode)])).toEqual([]);
  });

  it('is judged where its link leads', async () => {
    const link = join(await freshFolder(), 'link.json');
    await symlink(await fileWith(0o600), link);
    expect(await exposedOf([link])).toEqual([]);
  });

  it('is no matter where it is not there', async () => {
    expect(await exposedOf(['/nowhere/credentials.json'])).toEqual([]);
  });
});
