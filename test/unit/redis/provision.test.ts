import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { findRedisServer } from '../../../src/redis/provision.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';

const REDIS_7 = 'echo "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0"';
const REDIS_6_0 = 'echo "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=0"';
const VALKEY_8 = 'echo "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0"';

describe('the search for a redis-server', () => {
  let home: string;
  let bin: string;
  let said: string[];
  beforeEach(async () => {
    home = await freshFolder();
    bin = join(home, 'bin');
    said = [];
    // The stand-ins are shell scripts; none of the real apt is in reach.
    for (const tool of ['sh', 'cp', 'mkdir', 'sed', 'sleep', 'chmod', 'cat'])
      await script(join(bin, tool), `exec /bin/${tool} "$@"`, '/bin/sh');
  });
  afterEach(removeFolders);

  const script = async (file: string, body: string, shell = '/bin/sh'): Promise<void> => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `#!${shell}\n${body}\n`);
    await chmod(file, 0o755);
  };
  const find = (more: { download?: boolean; fallbackDir?: string; env?: Record<string, string> } = {}) =>
    findRedisServer({
      env: { PATH: bin, HOME: home, ...more.env },
      say: (line) => said.push(line),
      download: more.download ?? true,
      ...(more.fallbackDir === undefined ? {} : { fallbackDir: more.fallbackDir }),
    });
  /** An apt that has these packages: each is a script of that name. */
  const fakeApt = async (packages: Readonly<Record<string, string>>): Promise<void> => {
    const have = Object.keys(packages).map((name) => `*' install ${name}') touch_it ${name};;`);
    await script(
      join(bin, 'apt-get'),
      `conf="$2"; archives=$(sed -n 's/^Dir::Cache::archives "\\(.*\\)";/\\1/p' "$conf" 2>/dev/null)
       echo "$*" >> ${home}/apt.log
       touch_it() { echo > "$archives/$1_1.0.deb"; exit 0; }
       case "$*" in *--version*|*update*) exit 0;; ${have.join(' ')} esac
       echo "E: Unable to locate package at http://user:made-up@proxy/" >&2; exit 100`,
    );
    const unpack = Object.entries(packages).map(
      ([name, body]) =>
        `*/${name}_*) mkdir -p "$3/usr/bin" "$3/usr/lib/arch"; echo > "$3/usr/lib/arch/libx.so.2"
         cat > "$3/usr/bin/${name}" <<'BODY'\n#!/bin/sh\n${body}\nBODY\nchmod 755 "$3/usr/bin/${name}";;`,
    );
    await script(join(bin, 'dpkg-deb'), `case "$2" in ${unpack.join('\n')}\nesac`);
  };
  const cached = (): string => join(home, '.cache/token-refresher', `redis-${process.arch}`);

  it('takes one on PATH, redis before valkey', async () => {
    await script(join(bin, 'valkey-server'), VALKEY_8);
    expect(await find()).toMatchObject({ command: join(bin, 'valkey-server'), version: '8.1.1' });
    await script(join(bin, 'redis-server'), REDIS_7);
    expect(await find()).toMatchObject({ command: join(bin, 'redis-server'), version: '7.0.15' });
  });

  it('does not hand our own environment, and the secrets in it, to the server', async () => {
    await script(join(bin, 'redis-server'), REDIS_7);
    const { env } = await find({ env: { IG_PASSWORD: 'made-up' } });
    expect(Object.keys(env)).toEqual(['PATH', 'LC_ALL']);
  });

  it('passes over one that is too old or cannot run', async () => {
    await script(join(bin, 'redis-server'), REDIS_6_0);
    await script(join(bin, 'valkey-server'), VALKEY_8);
    expect(await find()).toMatchObject({ version: '8.1.1' });
    await script(join(bin, 'redis-server'), 'exit 127');
    expect(await find()).toMatchObject({ version: '8.1.1' });
  });

  it('takes the one that REDIS_SERVER names, or says that it will not do', async () => {
    await script(join(home, 'mine'), REDIS_7);
    expect(await find({ env: { REDIS_SERVER: join(home, 'mine') } })).toMatchObject({
      command: join(home, 'mine'),
    });
    await expect(find({ env: { REDIS_SERVER: '/bin/true' } })).rejects.toThrow('REDIS_SERVER');
  });

  it('gets one from the packages once, with its libraries, and finds it there the next time', async () => {
    await fakeApt({ 'redis-server': REDIS_7 });
    const server = await find();
    expect(server.command).toBe(join(cached(), 'usr/bin/redis-server'));
    expect(server.env['LD_LIBRARY_PATH']).toBe(join(cached(), 'usr/lib/arch'));
    expect(said).toHaveLength(1);
    expect(await find()).toEqual(server);
    expect(said).toHaveLength(1);
    expect((await readFile(join(home, 'apt.log'), 'utf8')).match(/ install /g)).toHaveLength(1);
    expect(await readdir(dirname(cached()))).toEqual([`redis-${process.arch}`]);
  });

  it('gets valkey where the packaged Redis is missing or too old', async () => {
    await fakeApt({ 'redis-server': REDIS_6_0, 'valkey-server': VALKEY_8 });
    expect(await find()).toMatchObject({ version: '8.1.1' });
  });

  it('keeps the cache whole when several get it at once', async () => {
    await fakeApt({ 'redis-server': REDIS_7 });
    const servers = await Promise.all(Array.from({ length: 6 }, () => find()));
    expect(new Set(servers.map((server) => server.version))).toEqual(new Set(['7.0.15']));
    expect(said).toHaveLength(1);
    expect(await readdir(dirname(cached()))).toEqual([`redis-${process.arch}`]);
  });

  it('replaces a cached one that does not run any more', async () => {
    await fakeApt({ 'redis-server': REDIS_7 });
    await script(join(cached(), 'usr/bin/redis-server'), 'exit 127');
    expect(await find()).toMatchObject({ version: '7.0.15' });
  });

  it('does not run one from a folder that others may write to', async () => {
    await script(join(cached(), 'usr/bin/redis-server'), REDIS_7);
    await chmod(dirname(cached()), 0o777);
    await expect(find({ download: false })).rejects.toBeInstanceOf(ConfigurationError);
  });

  it('keeps it in the fallback folder where there is no home', async () => {
    await fakeApt({ 'redis-server': REDIS_7 });
    const fallbackDir = join(home, 'state');
    const server = await find({ fallbackDir, env: { HOME: join(bin, 'sh') } });
    expect(server.command.startsWith(fallbackDir)).toBe(true);
  });

  it('says in one line what to install where it cannot get one, without the password of a proxy', async () => {
    await fakeApt({});
    const error = await find().catch(String);
    expect(error).toMatch(
      /^ConfigurationError: .*\n {2}- redis-server: no redis-server .*Unable to locate.*apt-get install redis-server.*brew install redis/,
    );
    expect(error).not.toContain('made-up');
  });

  it('says what to install where there is no apt, or where it may not download', async () => {
    await expect(find()).rejects.toThrow('apk add redis');
    await fakeApt({ 'redis-server': REDIS_7 });
    await expect(find({ download: false })).rejects.toThrow('dnf install valkey');
    expect(said).toEqual([]);
  });
});
