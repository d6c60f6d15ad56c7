import { expect, it } from 'vitest';
import { emptyBook } from '../../../src/alerts/book.ts';
import { failed } from '../../../src/alerts/incidents.ts';
import { terminalChannel } from '../../../src/alerts/terminal.ts';
import { failure, only } from './builders.ts';

const link = 'http://localhost:8000/dashboard';
const opened = failed(emptyBook, failure({ link }), 1_000);

it('a terminal is told what Discord would be', async () => {
  const printed: string[] = [];
  const channel = terminalChannel((text) => printed.push(text));
  const notice = { incident: only(opened), now: 2_000 };
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

it('a terminal shows once what an edit changes in a message, as a change of what stands above', async () => {
  const printed: string[] = [];
  const channel = terminalChannel((text) => printed.push(text));
  const message = await channel.open({ incident: only(opened), now: 2_000 });
  const grown = only(failed(opened, failure({ account: 'USER_000001', link }), 3_000));
  await channel.edit(message, { incident: grown, now: 8_000 });
  await channel.edit(message, { incident: { ...grown, nextAt: 90_000 }, now: 13_000 });
  expect(printed.slice(1)).toEqual([
    [
      "  Discord's message now says:  🔴 tradovate: The broker refuses user name or password. (invalid_credentials)",
      '                               2 accounts: USER_000000, USER_000001',
      `                               What you can do: ${link}`,
      '',
    ].join('\n'),
  ]);
  await channel.edit(message, { incident: only(opened), now: 18_000 });
  expect(printed).toHaveLength(3);
});

it('a terminal says when it is tried again, and is not told of a later time alone', async () => {
  const printed: string[] = [];
  const channel = terminalChannel((text) => printed.push(text));
  const waiting = { ...only(opened), nextAt: 90_000 };
  const message = await channel.open({ incident: waiting, now: 2_000 });
  expect(printed[0]).toContain(
    'What happens next: The service tries again by itself; as of 00:00:02 UTC the next try is at 00:01:30 UTC.',
  );
  await channel.edit(message, { incident: { ...waiting, nextAt: 95_000 }, now: 8_000 });
  expect(printed).toHaveLength(1);
});
