import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, removeFolders } from '../support/folder.ts';

const launcher = resolve(import.meta.dirname, '../../bin/token-refresher');

describe('bin/token-refresher', () => {
  let root: string;
  let path: string;
  beforeEach(async () => {
    root = join(await freshFolder(), 'the package');
    path = `${join(root, 'path')}:/usr/bin:/bin`;
    await mkdir(join(root, 'bin'), { recursive: true });
    await copyFile(launcher, join(root, 'bin/token-refresher'));
    await mkdir(join(root, 'src/cli'), { recursive: true });
    await writeFile(join(root, 'src/cli/main.ts'), '');
  });
  afterEach(removeFolders);

  /** A stand-in that says which node it is and what it was started with. */
  const node = async (file: string, version: string): Promise<void> => {
    const target = join(root, file);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(
      target,
      `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\necho "${file} $*"\n`,
    );
    await chmod(target, 0o755);
  };
  const launch = (program: string, ...args: string[]) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
      execFile(program, args, { env: { PATH: path } }, (error, stdout, stderr) => {
        done({ code: error?.code ?? 0, stdout, stderr });
      });
    });

  it('takes the package’s own node, where the system’s is older', async () => {
    await node('node_modules/.bin/node', 'v24.21.0');
    await node('path/node', 'v20.20.2');
    const { stdout } = await launch(join(root, 'bin/token-refresher'), 'status', '--json');
    expect(stdout).toBe(`node_modules/.bin/node ${root}/src/cli/main.ts status --json\n`);
  });

  it('takes the one on PATH, where the package’s own does not run here', async () => {
    await node('node_modules/.bin/node', '; exit 127');
    await node('path/node', 'v26.1.0');
    expect((await launch(join(root, 'bin/token-refresher'))).stdout).toMatch(/^path\/node /);
  });

  it('finds the package through the symlinks that npm makes', async () => {
    await node('node_modules/.bin/node', 'v24.21.0');
    await symlink('bin/token-refresher', join(root, 'one'));
    await symlink(join(root, 'one'), join(root, 'two'));
    expect((await launch(join(root, 'two'))).stdout).toContain(`${root}/src/cli/main.ts`);
  });

  it('takes what was built, and the node beside it, where it is installed as a package', async () => {
    await rm(join(root, 'src'), { recursive: true });
    await mkdir(join(root, 'node_modules'));
    const installed = join(root, 'node_modules/token-refresher');
    await rename(join(root, 'bin'), join(root, 'node_modules/bin'));
    await mkdir(installed);
    await rename(join(root, 'node_modules/bin'), join(installed, 'bin'));
    await node('node_modules/.bin/node', 'v24.21.0');
    await symlink('../token-refresher/bin/token-refresher', join(root, 'node_modules/.bin/token-refresher'));
    const { stdout } = await launch(join(root, 'node_modules/.bin/token-refresher'), 'status');
    expect(stdout).toBe(`node_modules/.bin/node ${installed}/dist/cli/main.js status\n`);
  });

  it('says what is needed where there is none', async () => {
    await node('path/node', 'v20.20.2');
    const { code, stderr } = await launch(join(root, 'bin/token-refresher'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^token-refresher needs Node 24 or newer: .*\n$/);
  });
});
