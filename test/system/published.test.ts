import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshFolder } from '../support/folder.ts';
import { startCli } from '../support/process.ts';
import { startRedis, freePort, type TestRedis } from '../support/redis.ts';
import { until } from '../support/poll.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** An empty folder with the package as npm would install it, and what it depends on. */
async function install(): Promise<string> {
  const [folder, scratch] = [await freshFolder(), await freshFolder()];
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'token-refresher'), { recursive: true });
  await mkdir(join(modules, '.bin'));
  await run('npm', ['pack', '--silent', '--pack-destination', scratch], { cwd: ROOT });
  const [tarball = ''] = await readdir(scratch);
  const into = join(modules, 'token-refresher');
  await run('tar', ['-xzf', join(scratch, tarball), '-C', into, '--strip-components=1']);
  // Nothing is fetched: what this project depends on stands beside it.
  const ours = join(ROOT, 'node_modules');
  for (const name of await readdir(ours)) {
    if (!name.startsWith('.')) await symlink(join(ours, name), join(modules, name));
  }
  await symlink(join(ours, '.bin/node'), join(modules, '.bin/node'));
  await symlink('../token-refresher/bin/token-refresher', join(modules, '.bin/token-refresher'));
  return folder;
}

/** The machine's own Node, which is older than ours; ours where there is none that the client is made for. */
function oldestNode(): string {
  const folders = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((each) => !each.includes('node_modules'));
  const versionOf = (command: string): number => {
    const { error, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    return error ? 0 : Number(/^v(\d+)/.exec(stdout)?.[1]);
  };
  const found = folders.map((each) => join(each, 'node')).find((each) => versionOf(each) >= 20);
  return found ?? process.execPath;
}

describe('what is published', () => {
  let folder: string;
  let redis: TestRedis;
  beforeAll(async () => {
    [folder, redis] = await Promise.all([install(), startRedis()]);
  }, 180_000);
  afterAll(() => redis.stop());

  it('has the client, which any Node from 20 on reads a token with', async () => {
    const client = redis.client();
    await client.set('token:A', 'made-up', 'PX', 60_000);
    await writeFile(
      join(folder, 'bot.mjs'),
      `import { Redis } from 'ioredis';
       import { createTokenReader, NoTokenError } from 'token-refresher/client';
       const redis = new Redis(process.argv[2]);
       const reader = createTokenReader({ redis });
       const missing = await reader.withToken('B', () => 1, { waitMs: 50 }).catch((error) => error);
       console.log(await reader.get('A'), missing instanceof NoTokenError);
       reader.close();
       redis.disconnect();`,
    );
    const { stdout } = await run(oldestNode(), ['bot.mjs', redis.url], { cwd: folder });
    expect(stdout).toBe('made-up true\n');
    await client.flushdb();
  });

  it('has its types', async () => {
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(
      join(folder, 'bot.ts'),
      `import { Redis } from 'ioredis';
       import { createTokenReader, type Token } from 'token-refresher/client';
       const reader = createTokenReader({ redis: new Redis() });
       export const token: Promise<string | undefined> = reader.get('A');
       export const url: Promise<string> = reader.withToken('A', ({ baseUrl }: Token) => baseUrl);
       // @ts-expect-error: a token may be missing
       export const never: Promise<string> = reader.get('A');`,
    );
    const settings = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [compiler, ...settings, '--types', 'node', 'bot.ts'], {
      cwd: folder,
    }).catch((error: unknown) => error as { stdout: string });
    expect(stdout).toBe('');
  });

  it('has the command, which serves, shows its page, and ends', async () => {
    const port = await freePort();
    const cli = await startCli(['run'], {
      program: join(folder, 'node_modules/.bin/token-refresher'),
      files: { 'credentials.json': [{ username: 'PUBLISHED', password: 'made-up' }] },
      env: { SIMULATE: '1', REDIS_URL: redis.url, HTTP_PORT: String(port), PATH: process.env['PATH'] ?? '' },
    });
    const client = redis.client();
    await until(() => client.get('token:PUBLISHED'), { what: 'a token', timeoutMs: 60_000 });
    const page = await fetch(`http://127.0.0.1:${port}/dashboard`);
    const [, style = ''] = /href="(\/assets\/[^"]+[.]css[^"]*)"/.exec(await page.text()) ?? [];
    expect((await fetch(`http://127.0.0.1:${port}${style}`)).headers.get('content-type')).toContain(
      'text/css',
    );
    cli.signal('SIGTERM');
    expect((await cli.exit()).code).toBe(0);
  });
});
