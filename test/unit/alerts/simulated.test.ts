import { expect, it } from 'vitest';
import { emptyBook } from '../../../src/alerts/book.ts';
import type { Channel } from '../../../src/alerts/channel.ts';
import { closeText, greetText, openText, remindText } from '../../../src/alerts/discord-message.ts';
import { failed } from '../../../src/alerts/incidents.ts';
import { simulatedChannel } from '../../../src/alerts/simulated.ts';
import { failure, only } from './builders.ts';

it('every message of a simulated run says SIMULATED, the one that closes as well', async () => {
  const said: string[] = [];
  const channel: Channel = {
    name: 'made-up',
    calls: true,
    prepare: () => Promise.resolve(),
    open: async (notice) => `${said.push(openText(notice).content)}`,
    edit: async (_, notice) => (said.push(openText(notice).content), 'edited'),
    remind: async (notice) => void said.push(remindText(notice).content),
    close: async (_, notice) => void said.push(closeText(notice).content),
    greet: async (morning) => void said.push(greetText(morning).content),
    stop: () => undefined,
  };
  const marking = simulatedChannel(channel);
  const notice = { incident: only(failed(emptyBook, failure(), 1_000)), now: 2_000 };
  await marking.open(notice);
  await marking.edit('1', notice);
  await marking.remind(notice);
  await marking.close('1', notice);
  expect(said).toHaveLength(4);
  for (const text of said) expect(text).toContain('SIMULATED tradovate: ');
  const brokers = [{ broker: 'tradovate', ready: 2, total: 2, lacks: [] }];
  await marking.greet({ day: '2026-11-30', at: 1_000, brokers, link: '', sent: [] }, 2_000);
  expect(said.at(-1)).toContain('SIMULATED tradovate 2/2 ready.');
});
