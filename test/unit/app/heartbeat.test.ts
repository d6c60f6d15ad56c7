import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { brokersWithout, startHeartbeat, type Held } from '../../../src/app/heartbeat.ts';
import { fakeClock } from '../../support/clock.ts';
import { until } from '../../support/poll.ts';

const ending = new Set<() => Promise<unknown>>();
afterEach(async () => {
  for (const end of ending) await end();
  ending.clear();
});

const held = (broker: string, state: Held['state'], valid: boolean): Held => ({ broker, state, valid });

it('knows the brokers of which no token is left, but for those that wait for a person', () => {
  expect(
    brokersWithout([
      held('one', 'backing_off', true),
      held('one', 'stopped', false),
      held('two', 'stopped', false),
      held('two', 'disabled', false),
      held('three', 'awaiting_approval', false),
    ]),
  ).toEqual(['two']);
});

it('beats every minute, and not while the service is not ready or a broker gave no token', async () => {
  let beats = 0;
  const server = createServer((_, response) => {
    beats += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.add(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const clock = fakeClock();
  let looks = 0;
  let reasons: readonly string[] = [];
  let accounts = [held('one', 'fresh', true)];
  const heartbeat = startHeartbeat({
    url: `http://127.0.0.1:${port}/`,
    async reasons() {
      looks += 1;
      return reasons;
    },
    accounts: async () => accounts,
    clock,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  ending.add(() => heartbeat.stop());
  /** Two more looks: a beat of the first would have come to its end before the second. */
  const twoLooks = async (): Promise<void> => {
    const enough = looks + 2;
    await until(async () => (await clock.advance(60_000), looks >= enough), { what: 'two looks' });
  };
  await until(async () => beats === 1, { what: 'the first beat' });
  reasons = ['Redis does not answer'];
  await twoLooks();
  expect(beats).toBe(1);
  reasons = [];
  accounts = [held('one', 'expired', false)];
  await twoLooks();
  expect(beats).toBe(1);
  accounts = [held('one', 'fresh', true)];
  await twoLooks();
  expect(beats).toBeGreaterThan(1);
});
