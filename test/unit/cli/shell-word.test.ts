import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { shellWord } from '../../../src/cli/shell-word.ts';

describe('a word of a shell', () => {
  it('stands as it is where nothing is special', () => {
    expect(shellWord('/tmp/demo-1/credentials.demo.json')).toBe('/tmp/demo-1/credentials.demo.json');
  });

  it.each(['', 'a desk/x', "it's", '$HOME', '`x`', '"', '\\', '*'])('is read back whole: %j', (text) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
  });
});
