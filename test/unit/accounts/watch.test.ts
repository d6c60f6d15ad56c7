import { mkdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { POLL_MS, SETTLE_MS, watchAccounts, type AccountsWatch } from '../../../src/accounts/watch.ts';
import { loadAccounts } from '../../../src/accounts/read.ts';
import { fakeClock } from '../../support/clock.ts';
import { removeFolders } from '../../support/folder.ts';
import { openDesk, type Desk } from './fakes.ts';

const running = new Set<AccountsWatch>();
afterEach(async () => {
  for (const watch of running) await watch.stop();
  running.clear();
});
afterAll(removeFolders);

const entry = (username: string, more: object = {}) => ({ username, password: 'made-up', ...more });
const entries = (...usernames: string[]) => usernames.map((username) => entry(username));

interface Watched {
  readonly desk: Desk;
  readonly watch: AccountsWatch;
  /** What was said since the last look, in order. */
  heard(): readonly string[];
  /** Lets time pass, look by look. */
  pass(durationMs: number): Promise<void>;
  /** Makes the next `changed` fail. */
  failNext(): void;
  names(): readonly string[];
}

async function watched(
  content: unknown,
  env: Record<string, string> = {},
  prepared?: Desk,
): Promise<Watched> {
  const desk = prepared ?? (await openDesk(content, env));
  const clock = fakeClock();
  let said: string[] = [];
  let failing = false;
  const watch = watchAccounts({
    read: desk.read,
    inForce: await loadAccounts(desk.source),
    clock,
    changed: (_loaded, { added, removed, changed }) => {
      if (failing) {
        failing = false;
        return Promise.reject(new Error('not now'));
      }
      const signed = [...added.map(({ name }) => `+${name}`), ...removed.map(({ name }) => `-${name}`)];
      said.push(['changed', ...signed, ...changed.map(({ after }) => `~${after.name}`)].join(' '));
      return Promise.resolve();
    },
    refused: (error) => void said.push(`refused ${error.faults.map(({ message }) => message).join('; ')}`),
    held: (names) => void said.push(`held ${names.join(' ')}`),
    recovered: () => void said.push('recovered'),
    failed: (error) => void said.push(`failed ${String(error)}`),
  });
  running.add(watch);
  return {
    desk,
    watch,
    heard() {
      const heard = said;
      said = [];
      return heard;
    },
    async pass(durationMs) {
      for (let passed = 0; passed < durationMs; passed += POLL_MS) {
        await clock.asleep();
        await clock.advance(POLL_MS);
      }
      await clock.asleep();
    },
    failNext: () => void (failing = true),
    names: () => watch.current().accounts.map(({ name }) => name),
  };
}

/** Time enough for a change to be seen and to have stood. */
const TAKEN_UP_MS = SETTLE_MS + 2 * POLL_MS;

describe('a change of the file', () => {
  it('is taken up once it has stood for two seconds', async () => {
    const { desk, heard, pass, names } = await watched(entries('A', 'B'));
    await pass(10_000);
    await desk.write([entry('A', { password: 'another' }), ...entries('B', 'C')]);
    await pass(SETTLE_MS);
    expect(heard()).toEqual([]);
    expect(names()).toEqual(['A', 'B']);
    await pass(POLL_MS);
    expect(heard()).toEqual(['changed +C ~A']);
    expect(names()).toEqual(['A', 'B', 'C']);
    await pass(10_000);
    expect(heard()).toEqual([]);
  });

  it('waits while the file is still being written', async () => {
    const { desk, heard, pass } = await watched(entries('A'));
    const text = JSON.stringify(entries('A', 'B', 'C'));
    for (let part = 1; part <= 5; part += 1) {
      await desk.write(text.slice(0, (text.length * part) / 5));
      await pass(SETTLE_MS - POLL_MS);
      expect(heard()).toEqual([]);
    }
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed +B +C']);
  });

  it('is not one where only its dates or its spaces changed', async () => {
    const { desk, heard, pass } = await watched(entries('A'));
    await utimes(desk.file, new Date(0), new Date(0));
    await pass(TAKEN_UP_MS);
    await desk.write(JSON.stringify(entries('A'), null, 2));
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual([]);
  });

  it('is seen where an editor renames a new file into place', async () => {
    const { desk, heard, pass } = await watched(entries('A'));
    const draft = join(desk.folder, '.credentials.json.swp');
    await writeFile(draft, JSON.stringify(entries('B')));
    const { mtime } = await stat(desk.file);
    await utimes(draft, mtime, mtime);
    await rename(draft, desk.file);
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed +B -A']);
  });

  it('is seen where the folder is a swapped link, as Kubernetes does it', async () => {
    const desk = await openDesk();
    const version = async (name: string, content: unknown): Promise<void> => {
      await mkdir(join(desk.folder, name));
      await writeFile(join(desk.folder, name, 'credentials.json'), JSON.stringify(content));
      await symlink(name, join(desk.folder, '..data_tmp'));
      await rename(join(desk.folder, '..data_tmp'), join(desk.folder, '..data'));
    };
    await version('..2026_1', entries('A'));
    await symlink('..data/credentials.json', desk.file);
    const { heard, pass } = await watched(undefined, {}, desk);
    await version('..2026_2', entries('A', 'B'));
    await rm(join(desk.folder, '..2026_1'), { recursive: true });
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed +B']);
  });

  it('may be in a secret file, an old or a new one', async () => {
    const desk = await openDesk([entry('A', { password: 'file:a' })]);
    await writeFile(join(desk.folder, 'a'), 'one');
    const { heard, pass, watch } = await watched(undefined, {}, desk);
    await writeFile(join(desk.folder, 'a'), 'two');
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed ~A']);
    await desk.write([entry('A', { password: 'file:b' })]);
    await writeFile(join(desk.folder, 'b'), 'three');
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed ~A']);
    await writeFile(join(desk.folder, 'b'), 'four');
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed ~A']);
    expect(watch.current().accounts[0]?.credentials).toEqual(['four']);
  });

  it('is tried again where it could not be taken up', async () => {
    const { desk, heard, pass, failNext, names } = await watched(entries('A'));
    failNext();
    await desk.write(entries('A', 'B'));
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['failed Error: not now']);
    expect(names()).toEqual(['A']);
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed +B']);
  });
});

describe('a bad change', () => {
  it('is refused, once for each content, and the old accounts stay', async () => {
    const { desk, heard, pass, names, watch } = await watched(entries('A'));
    await desk.write('[{"username": "B", }]');
    await pass(60_000);
    const refusal = 'refused is not JSON: line 1, column 20: a comma too many stands before this bracket';
    expect(heard()).toEqual([refusal]);
    expect(await watch.now()).toBe('refused');
    await desk.write('[]');
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['refused names no account: add an entry (credentials.example.json shows how)']);
    await desk.write('[{"username": "B", }]');
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual([]);
    expect(names()).toEqual(['A']);
  });

  it('is over when the file is as it was', async () => {
    const { desk, heard, pass } = await watched(entries('A'));
    await desk.write('[');
    await pass(TAKEN_UP_MS);
    heard();
    await desk.write(entries('A'));
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['recovered']);
    await desk.write('[');
    await pass(TAKEN_UP_MS);
    expect(heard()).toHaveLength(1);
  });

  it('is over when a good one follows', async () => {
    const { desk, heard, pass } = await watched(entries('A'));
    await desk.write('[');
    await pass(TAKEN_UP_MS);
    heard();
    await desk.write(entries('A', 'B'));
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed +B', 'recovered']);
  });

  it('ends when the secret file it misses comes', async () => {
    const { desk, heard, pass } = await watched(entries('A'));
    await desk.write([entry('A', { password: 'file:later' })]);
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual([expect.stringMatching(/^refused its secret file .*later does not exist/)]);
    await writeFile(join(desk.folder, 'later'), 'made-up-2');
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed ~A', 'recovered']);
  });

  it('is a file that is gone, even where the environment has an account', async () => {
    const env = { BETA_USERNAME: 'E', BETA_PASSWORD: 'made-up', BETA_API_KEY: 'made-up' };
    const { desk, heard, pass, names } = await watched(entries('A'), env);
    await rm(desk.file);
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['refused is gone: put it back (the accounts it named stay in force)']);
    expect(names()).toEqual(['A', 'E']);
  });

  it('is none where a missing file was no fault and comes later', async () => {
    const env = { BETA_USERNAME: 'E', BETA_PASSWORD: 'made-up', BETA_API_KEY: 'made-up' };
    const { desk, heard, pass } = await watched(undefined, env);
    await desk.write(entries('A'));
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['changed +A']);
  });
});

describe('a change that drops many accounts', () => {
  it('waits, once said, until somebody accepts it', async () => {
    const { desk, heard, pass, watch, names } = await watched(entries('A', 'B', 'C', 'D'));
    await desk.write(entries('A', 'B', 'E'));
    await pass(60_000);
    expect(heard()).toEqual(['held C D']);
    expect(await watch.now()).toBe('held');
    expect(heard()).toEqual([]);
    expect(names()).toEqual(['A', 'B', 'C', 'D']);
    expect(await watch.acceptRemovals()).toBe('changed');
    expect(heard()).toEqual(['changed +E -C -D', 'recovered']);
    expect(names()).toEqual(['A', 'B', 'E']);
    await pass(60_000);
    expect(heard()).toEqual([]);
  });

  it('is taken up as soon as it drops fewer', async () => {
    const { desk, heard, pass } = await watched(entries('A', 'B', 'C', 'D'));
    await desk.write(entries('A', 'B'));
    await pass(TAKEN_UP_MS);
    await desk.write(entries('A', 'B', 'C'));
    await pass(TAKEN_UP_MS);
    expect(heard()).toEqual(['held C D', 'changed -D', 'recovered']);
  });
});

describe('now', () => {
  it('does not wait, and says what came of it', async () => {
    const { desk, watch, heard, pass } = await watched(entries('A'));
    expect(await watch.now()).toBe('unchanged');
    await desk.write(entries('A', 'B'));
    expect(await watch.now()).toBe('changed');
    await desk.write('[');
    expect(await watch.now()).toBe('refused');
    expect(heard()).toEqual(['changed +B', 'refused is not JSON: line 1, column 2: the text ends too early']);
    await pass(60_000);
    expect(heard()).toEqual([]);
  });

  it('takes up what changed in the environment, too', async () => {
    const { desk, watch, heard } = await watched([entry('A', { password: '${PASSWORD}' })], {
      PASSWORD: 'one',
    });
    desk.env['PASSWORD'] = 'two';
    expect(await watch.now()).toBe('changed');
    expect(heard()).toEqual(['changed ~A']);
  });
});

it('ends when it is told to', async () => {
  const { watch, desk, heard } = await watched(entries('A'));
  await watch.stop();
  await desk.write(entries('B'));
  expect(heard()).toEqual([]);
});
