/**
 * `npm run test:mutations`: breaks each protection in a copy of the project and runs the tests that must
 * notice. Ends with 1 where one does not. `--only TEXT` for those that have it in their name, `--list` for all.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tally } from '../support/tally.ts';
import type { Edit, Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';
import { simulatedMutations } from './simulated.ts';

const root = resolve(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } });
const chosen = [...mutations, ...simulatedMutations].filter(({ breaks }) =>
  breaks.includes(values.only ?? ''),
);

/** Runs the tests; how many failed, and of how many. */
async function run(scratch: string, mutation: Mutation): Promise<{ red: number; all: number }> {
  const report = join(scratch, 'report.json');
  const { project, tests, named } = mutation;
  const script = join(scratch, 'node_modules/vitest/vitest.mjs');
  const args = ['run', '--project', project, '--reporter=json', `--outputFile.json=${report}`];
  const only = named === undefined ? [] : ['--testNamePattern', named];
  rmSync(report, { force: true });
  const child = spawn(process.execPath, [script, ...args, ...only, ...tests], {
    cwd: scratch,
    stdio: 'ignore',
  });
  const exitCode = await new Promise<number>((done) => child.once('close', (code) => done(code ?? 1)));
  let text: string | undefined;
  try {
    text = readFileSync(report, 'utf8');
  } catch {
    text = undefined;
  }
  const { passed, failed } = tally({ report: text, exitCode, expected: [] });
  if (passed + failed === 0) throw new Error(`no test ran for "${mutation.breaks}"`);
  return { red: failed, all: passed + failed };
}

/** Makes the edits; what gives the files back as they were. Throws where a text is not there exactly once. */
function edited(scratch: string, edits: readonly Edit[]): () => void {
  const before = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const path = join(scratch, file);
    const text = readFileSync(path, 'utf8');
    const times = text.split(from).length - 1;
    if (times !== 1) throw new Error(`${file} has ${times} times, not once: ${from}`);
    if (!before.has(path)) before.set(path, text);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  return () => {
    for (const [path, text] of before) writeFileSync(path, text);
  };
}

async function main(): Promise<number> {
  if (values.list) {
    for (const { breaks } of chosen) console.log(breaks);
    return 0;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'token-refresher-mutations-'));
  try {
    for (const each of ['src', 'test', 'docs', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
      cpSync(join(root, each), join(scratch, each), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
    let survivors = 0;
    const wholes = new Map<string, { red: number; all: number }>();
    console.log('| broken | tests that went red | |\n| --- | --- | --- |');
    for (const mutation of chosen) {
      const mend = edited(scratch, mutation.edits);
      const broken = await run(scratch, mutation);
      mend();
      // Red for another reason would prove nothing: what is whole must be green.
      const same = JSON.stringify([mutation.project, mutation.tests, mutation.named]);
      const whole = wholes.get(same) ?? (await run(scratch, mutation));
      wholes.set(same, whole);
      const bites = broken.red > 0 && whole.red === 0;
      if (!bites) survivors += 1;
      const verdict = bites ? 'noticed' : broken.red === 0 ? '**survived**' : '**red without it, too**';
      console.log(
        `| ${mutation.breaks} | ${broken.red} of ${broken.all} (${mutation.tests.join(', ')}) | ${verdict} |`,
      );
    }
    console.log(`${chosen.length - survivors} of ${chosen.length} noticed`);
    return survivors === 0 && chosen.length > 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

process.exitCode = await main();
