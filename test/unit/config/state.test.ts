import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadOrMakeSecret, readServiceSecrets } from '../../../src/config/secrets.ts';
import { prepareStateDir } from '../../../src/config/state-dir.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';

afterAll(removeFolders);

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('prepareStateDir', () => {
  it('makes the folder for this user alone and leaves nothing in it', async () => {
    const dir = join(await freshFolder(), 'a', 'data');
    expect(await prepareStateDir(dir)).toBeUndefined();
    expect(await modeOf(dir)).toBe(0o700);
    expect(await readdir(dir)).toEqual([]);
  });

  it('leaves the mode of a folder that is there', async () => {
    const dir = join(await freshFolder(), 'data');
    await mkdir(dir);
    await chmod(dir, 0o750);
    expect(await prepareStateDir(dir)).toBeUndefined();
    expect(await modeOf(dir)).toBe(0o750);
  });

  it('refuses a file in its place', async () => {
    const dir = join(await freshFolder(), 'data');
    await writeFile(dir, '');
    expect(await prepareStateDir(dir)).toEqual({
      at: 'STATE_DIR',
      message: expect.stringContaining('is not a folder'),
    });
  });

  it.each(['/proc/self', '/proc/nowhere/data', '/dev/null/data'])(
    'refuses %s, even for root',
    async (dir) => {
      const fault = await prepareStateDir(dir);
      expect(fault).toEqual({
        at: 'STATE_DIR',
        message: expect.stringMatching(/cannot be written \([A-Z]+\)/),
      });
    },
  );
});

describe('loadOrMakeSecret', () => {
  it('makes a secret once, for this user alone', async () => {
    const path = join(await freshFolder(), 'admin-token');
    expect(await loadOrMakeSecret(path, () => 'first')).toBe('first');
    expect(await loadOrMakeSecret(path, () => 'second')).toBe('first');
    expect(await readFile(path, 'utf8')).toBe('first\n');
    expect(await modeOf(path)).toBe(0o600);
  });

  it('gives all who start at once the same one', async () => {
    const folder = await freshFolder();
    const path = join(folder, 'secret.key');
    const seen = await Promise.all(
      Array.from({ length: 50 }, (_, index) => loadOrMakeSecret(path, () => `secret-${index}`)),
    );
    expect(new Set(seen).size).toBe(1);
    expect(await readdir(folder)).toEqual(['secret.key']);
  });

  it('does not replace an empty file: what the lost secret sealed would be lost with it', async () => {
    const path = join(await freshFolder(), 'secret.key');
    await writeFile(path, '\n');
    await expect(loadOrMakeSecret(path, () => 'new')).rejects.toThrow(/secret\.key: is empty/);
  });

  it('says where it cannot be kept', async () => {
    const path = join(await freshFolder(), 'nowhere', 'secret.key');
    await expect(loadOrMakeSecret(path, () => 'MARKER')).rejects.toThrow(ConfigurationError);
    await expect(loadOrMakeSecret(path, () => 'MARKER')).rejects.not.toThrow(/MARKER/);
  });
});

describe('readServiceSecrets', () => {
  it('makes what is not configured, and keeps it', async () => {
    const stateDir = await freshFolder();
    const made = await readServiceSecrets(
      { stateDir, secretKeys: undefined, adminToken: undefined },
      randomBytes,
    );
    expect(made.sealingKeys.map((key) => key.length)).toEqual([32]);
    expect(made.adminToken).toMatch(/^[\w-]{43}$/);
    const again = await readServiceSecrets(
      { stateDir, secretKeys: undefined, adminToken: undefined },
      randomBytes,
    );
    expect(again).toEqual(made);
  });

  it('leaves the folder alone where all is configured', async () => {
    const stateDir = await freshFolder();
    const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const secretKeys = keys.map((key) => key.toString('base64'));
    const secrets = await readServiceSecrets({ stateDir, secretKeys, adminToken: 'made-up' }, randomBytes);
    expect(secrets).toEqual({ sealingKeys: keys, adminToken: 'made-up' });
    expect(await readdir(stateDir)).toEqual([]);
  });

  it('reads a ring from the file, and refuses what is no key', async () => {
    const stateDir = await freshFolder();
    const config = { stateDir, secretKeys: undefined, adminToken: 'made-up' };
    const ring = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));
    await writeFile(join(stateDir, 'secret.key'), `${ring.join(',')}\n`);
    expect((await readServiceSecrets(config, randomBytes)).sealingKeys).toHaveLength(2);
    await writeFile(join(stateDir, 'secret.key'), 'MARKER');
    await expect(readServiceSecrets(config, randomBytes)).rejects.toThrow(/secret\.key: must be 32 bytes/);
    await expect(readServiceSecrets(config, randomBytes)).rejects.not.toThrow(/MARKER/);
  });
});
