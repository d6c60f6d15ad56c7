/**
 * `npm test`: every test that needs no container engine, then one line `N passed, N failed`.
 * Arguments go to vitest, e.g. `npm test -- redis`; TEST_PROJECTS names other projects, by commas.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { tally } from './support/tally.ts';

const root = resolve(import.meta.dirname, '..');
const usual = ['unit', 'contract', 'simulation', 'integration', 'system', 'browser'];
const projects = process.env['TEST_PROJECTS']?.split(',') ?? usual;
const filters = process.argv.slice(2);

const scratch = await mkdtemp(join(tmpdir(), 'token-refresher-run-'));
try {
  const report = join(scratch, 'report.json');
  const exitCode = await vitest([
    ...projects.flatMap((name) => ['--project', name]),
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...filters,
  ]);
  const text = await readFile(report, 'utf8').catch(() => undefined);
  const all = filters.length === 0 && projects === usual;
  // A test file in a folder that no project covers would never run, and nobody would notice.
  const result = tally({ report: text, exitCode, expected: all ? testFiles() : [] });
  for (const note of result.notes) console.log(note);
  console.log(`${result.passed} passed, ${result.failed} failed`);
  process.exitCode = result.failed === 0 ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

function testFiles(): string[] {
  return globSync('test/**/*.test.ts', { cwd: root, exclude: ['test/container/**'] }).map((file) =>
    join(root, file),
  );
}

function vitest(args: readonly string[]): Promise<number> {
  const script = join(root, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [script, 'run', ...args], { cwd: root, stdio: 'inherit' });
  // A Ctrl-C reaches vitest by itself; this process waits for it, to clean up after it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((done) => {
    child.once('close', (code) => {
      done(code ?? 1);
    });
  });
}
