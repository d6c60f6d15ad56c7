import { describe, it } from 'vitest';
import { until } from '../support/poll.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const ADMIN_TOKEN = 'made-up-admin-token';
const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
const desk = { username: 'DESK', password: 'made-up-pass', accounts: ['DESK_SUB'] };

/** All that a stream has told, and whether it has ended. */
async function listen({ service }: ServiceBench, query = '') {
  const answer = await fetch(`${service.url}/api/events${query}`, { headers });
  const said = { text: '', ended: false };
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? [])
      said.text += decoder.decode(chunk as Uint8Array, { stream: true });
  };
  void read()
    .catch(() => undefined)
    .finally(() => (said.ended = true));
  return said;
}

describe.concurrent('the page of a running service', () => {
  it('is told of what happens within about a second, without a token, and of the end', ({ expect }) =>
    withBench({ entries: [desk], env: { ADMIN_TOKEN } }, async (bench) => {
      await bench.keys(['token:DESK']);
      const first = await bench.redis.get('token:DESK');
      const said = await listen(bench);
      await until(() => said.text.includes('row-tradovate-DESK'), { what: 'the page' });
      bench.simulator.fault({ broker: 'tradovate', kind: 'status', status: 500, times: 1 });
      const told = said.text.length;
      await fetch(`${bench.service.url}/api/token/force-refresh`, { method: 'POST', headers });
      await until(() => bench.events.some(({ event }) => event === 'failed'), { what: 'the failure' });
      const before = performance.now();
      await until(() => said.text.slice(told).includes('backing off'), { what: 'the news' });
      expect(performance.now() - before).toBeLessThan(4_000);
      await until(() => bench.events.some(({ event }) => event === 'recovered'), {
        what: 'the recovery',
        timeoutMs: 30_000,
      });
      await until(() => said.text.lastIndexOf('fresh') > said.text.lastIndexOf('backing off'), {
        what: 'the news',
      });
      for (const token of [first, await bench.redis.get('token:DESK')])
        expect(said.text).not.toContain(token);
      expect(said.text).not.toContain('made-up-pass');

      const stopping = performance.now();
      await bench.restart();
      expect(performance.now() - stopping).toBeLessThan(15_000);
      await until(() => said.ended, { what: 'the end of the stream' });
    }));
});
