import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { freshFolder, removeFolders } from '../../support/folder.ts';
import { until } from '../../support/poll.ts';
import { opened } from './support.ts';

const children = new Set<ChildProcess>();
const TURNS = 3;

/** Kills at once, and resolves when it is dead. */
async function kill(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null ? once(child, 'close') : undefined;
  child.kill('SIGKILL');
  await ended;
  children.delete(child);
}
afterEach(async () => {
  await Promise.all([...children].map(kill));
});
afterAll(removeFolders);

/** A process that keeps one account after the other; `lines`: those that it was told are on disk. */
function writing(folder: string, name: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), folder, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return { child, lines: () => text.split('\n').slice(0, -1) };
}

it(
  'kill -9 of processes that write into one folder costs nothing that was on disk',
  { timeout: 30_000 },
  async () => {
    const folder = await freshFolder();
    const said: string[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      // The second starts while the first one writes, and takes its files over.
      const first = writing(folder, `A${turn}`);
      await until(() => first.lines().length > 3, { what: 'the first to write' });
      const second = writing(folder, `B${turn}`);
      await until(() => second.lines().length > 3 + turn, { what: 'the second to write' });
      for (const { child, lines } of [first, second]) {
        await kill(child);
        said.push(...lines());
      }
    }
    const mirror = await opened({ folder });
    const lost = said.filter((account) => mirror.recall(account)?.refused[0] !== 'a');
    expect(said.length).toBeGreaterThan(8 * TURNS);
    expect(lost).toEqual([]);
  },
);
