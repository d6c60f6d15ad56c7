import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutations } from '../mutations/mutations.ts';
import { simulatedMutations } from '../mutations/simulated.ts';

const root = resolve(import.meta.dirname, '../..');

describe('the mutations of npm run test:mutations', () => {
  it.each([...mutations, ...simulatedMutations])('still find what they break: $breaks', ({ edits }) => {
    for (const { file, from } of edits) {
      expect(readFileSync(join(root, file), 'utf8').split(from).length - 1, `${file}: ${from}`).toBe(1);
    }
  });
});
