import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeProgram } from '../../../src/cli/program.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a word that is no command', () => {
  const saidOf = async (word: string): Promise<string> => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await expect(makeProgram('0').parseAsync([word], { from: 'user' })).rejects.toMatchObject({
      exitCode: 2,
    });
    return write.mock.calls.map(([text]) => String(text)).join('');
  };

  it.each(['frobnicate', 'x'])(
    '%s is said to be none, without advice that nobody asked for',
    async (word) => {
      const said = await saidOf(word);
      expect(said).toContain(`There is no command "${word}"`);
      expect(said).not.toContain('To have one account rest');
      expect(said).not.toContain('Did you mean');
    },
  );

  it.each([
    ['staus', 'status'],
    ['statsu', 'status'],
    ['paln', 'plan'],
    ['importt', 'import'],
    ['Refresh', 'refresh'],
  ])('%s: the nearest is named', async (word, meant) => {
    expect(await saidOf(word)).toContain(`Did you mean "${meant}"?`);
  });

  it('says how one account is paused to whoever wants that', async () => {
    expect(await saidOf('stop')).toContain('To have one account rest: "token-refresher pause NAME"');
  });
});
