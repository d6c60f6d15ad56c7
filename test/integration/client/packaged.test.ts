import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/redis/embedded/command.ts';
import { freshFolder } from '../../support/folder.ts';
import { findPython, PYTHON_CLIENT } from '../../support/python.ts';
import { cp } from 'node:fs/promises';

const GET_MS = 6 * 60_000;

describe('the client for Python', () => {
  let found: Awaited<ReturnType<typeof findPython>>;
  beforeAll(async () => {
    found = await findPython();
  }, GET_MS);

  it('is installed by pip, with its types', { timeout: 120_000 }, async ({ skip }) => {
    if ('missing' in found) return skip(found.missing);
    const { command, env } = found;
    const options = { env: { ...process.env, ...env }, timeoutMs: 100_000 };
    const tools = await run(command, ['-c', 'import setuptools, wheel, pip'], options);
    if (!tools.ok) return skip('this Python has no pip, setuptools or wheel');
    const [source, target] = [join(await freshFolder(), 'python'), await freshFolder()];
    // A build writes beside its sources.
    await cp(PYTHON_CLIENT, source, { recursive: true });
    const quiet = [
      '--quiet',
      '--disable-pip-version-check',
      '--no-index',
      '--no-deps',
      '--no-build-isolation',
    ];
    const installed = await run(
      command,
      ['-m', 'pip', 'install', ...quiet, '--target', target, source],
      options,
    );
    expect(installed.stderr).not.toContain('ERROR');
    const used = await run(
      command,
      [
        '-c',
        'import token_refresher as t, pathlib as p; print(sorted(t.__all__), p.Path(t.__file__).with_name("py.typed").exists(), t.__file__)',
      ],
      { ...options, env: { ...options.env, PYTHONPATH: env['PYTHONPATH']?.replace(PYTHON_CLIENT, target) } },
    );
    expect(used.stdout).toContain("'AsyncTokenReader'");
    expect(used.stdout).toContain(`True ${target}`);
  });
});
