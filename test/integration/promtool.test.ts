import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/redis/embedded/command.ts';
import { RULES_FOLDER } from '../support/monitoring.ts';
import { findPromtool } from '../support/promtool.ts';

/** Getting it takes a minute where it is not there yet. */
const GET_MS = 6 * 60_000;
const RUN_MS = 4 * 60_000;

describe('ops/prometheus', () => {
  let found: Awaited<ReturnType<typeof findPromtool>>;
  beforeAll(async () => {
    found = await findPromtool();
  }, GET_MS);

  it.for([
    ['rules.yml are rules', ['check', 'rules', 'rules.yml']],
    ['rules.yml fire when they should, and only then', ['test', 'rules', 'rules.test.yml']],
    ['rules.yml fire for what takes days to show', ['test', 'rules', 'days.test.yml']],
  ] as const)('%s', { timeout: RUN_MS }, async ([, [area, what, file]], { skip }) => {
    if ('missing' in found) return skip(found.missing);
    const path = join(RULES_FOLDER, file);
    const answer = await run(found.command, [area, what, path], { env: process.env, timeoutMs: RUN_MS });
    expect(answer.stdout + answer.stderr).toContain('SUCCESS');
    expect(answer.ok).toBe(true);
  });
});
