import { expect, it } from 'vitest';
import { emptyBook } from '../../../src/alerts/book.ts';
import { failed } from '../../../src/alerts/incidents.ts';
import { terminalChannel } from '../../../src/alerts/terminal.ts';
import { failure, only } from './builders.ts';

it('a terminal is told what Discord would be, and nothing of an edit', async () => {
  const printed: string[] = [];
  const channel = terminalChannel((text) => printed.push(text));
  const link = 'http://localhost:8000/dashboard';
  const notice = { incident: only(failed(emptyBook, failure({ link }), 1_000)), now: 2_000 };
  const message = await channel.open(notice);
  expect(await channel.edit(message, notice)).toBe('edited');
  await channel.close(message, notice);
  expect(printed).toHaveLength(2);
  expect(printed[0]?.split(/\n\s*/)).toEqual([
    '  Discord would say:  🔴 tradovate: The broker refuses user name or password. (invalid_credentials)',
    'USER_000000',
    `What you can do: ${link}`,
    '',
  ]);
  expect(printed[1]).toContain('🟢 tradovate: recovered after ');
});
