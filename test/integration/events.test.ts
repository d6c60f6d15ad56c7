import { describe, it } from 'vitest';
import { until } from '../support/poll.ts';
import { foreignJwt, inSeconds } from '../support/readers.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const waitFor = (bench: ServiceBench, event: string, username: string) =>
  until(() => bench.events.find((each) => each['event'] === event && each['username'] === username), {
    what: `the event ${event} of ${username}`,
    timeoutMs: 40_000,
  });

describe.concurrent('token-events', () => {
  it('tell of confirmed, refreshed, failed, recovered and removed, with five fields and no token', ({
    expect,
  }) => {
    const adopted = foreignJwt({ sub: 'made-up', exp: inSeconds(3_000) });
    const short = { username: 'SHORT', password: 'made-up-pass', accounts: ['SHORT_SUB'] };
    const taken = { username: 'TAKEN', password: 'made-up-pass' };
    return withBench(
      {
        entries: [taken, short],
        simulator: { switches: { tradovate: { lifetimeSeconds: 6 } } },
        before: ({ server }) => server.client().set('token:TAKEN', adopted),
      },
      async (bench) => {
        const seen = new Set<string>([adopted]);
        const note = async (): Promise<void> => {
          const token = await bench.redis.get('token:SHORT');
          if (token) seen.add(token);
        };
        const confirmed = await waitFor(bench, 'confirmed', 'TAKEN');
        const refreshed = await waitFor(bench, 'refreshed', 'SHORT');
        await note();
        bench.simulator.fault({ broker: 'tradovate', kind: 'status', status: 500, times: 2 });
        const failed = await waitFor(bench, 'failed', 'SHORT');
        // The old token is the present one: the event names its generation and its end.
        expect(failed).toEqual({ ...refreshed, event: 'failed' });
        const recovered = await waitFor(bench, 'recovered', 'SHORT');
        await note();
        const refreshedToo = bench.events[bench.events.indexOf(recovered) - 1];
        expect(recovered).toEqual({ ...refreshedToo, event: 'recovered' });
        expect(refreshedToo).toMatchObject({ event: 'refreshed', username: 'SHORT' });
        await bench.writeCredentials([short]);
        const removed = await waitFor(bench, 'removed', 'TAKEN');

        for (const event of [confirmed, refreshed, failed, recovered]) {
          expect(Object.keys(event).sort()).toEqual([
            'event',
            'expiresAt',
            'generation',
            'names',
            'username',
          ]);
          expect(event['generation']).toBeGreaterThan(Date.now() - 60_000);
          expect(new Date(String(event['expiresAt'])).toISOString()).toBe(event['expiresAt']);
        }
        expect(refreshed['names']).toEqual(['SHORT', 'SHORT_SUB']);
        expect(confirmed['names']).toEqual(['TAKEN']);
        // What is left of it lives on until its end: readers can tell which generation that is.
        expect(removed).toEqual({ ...confirmed, event: 'removed' });
        for (const token of seen) expect(JSON.stringify(bench.events)).not.toContain(token);
        expect(JSON.stringify(bench.events)).not.toMatch(/made-up-pass/);
      },
    );
  });

  it('come once for each thing that happened, in the order in which it did', ({ expect }) =>
    withBench(
      {
        entries: [{ broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey: 'made-up-key' }],
        simulator: { switches: { ig: { accessTtl: 3 } } },
      },
      async (bench) => {
        await bench.simulator.waitForCalls({ operation: 'refresh-token' }, 3, 40_000);
        await until(() => bench.events.length >= 4, { what: 'four events' });
        expect(bench.events.every(({ event }) => event === 'refreshed')).toBe(true);
        const generations = bench.events.map(({ generation }) => generation);
        expect(new Set(generations).size).toBe(generations.length);
      },
    ));
});
