import { describe, it } from 'vitest';
import { browsing, logIn, register } from '../support/browser-login.ts';
import { withBench } from '../support/service.ts';

describe.concurrent('a browser login for which a limit of the broker leaves no room', () => {
  it('says so, when to start again, and that nothing was sent; the old token stays', ({ expect }) =>
    // A login is two calls: the exchange and the proof of what came.
    withBench({ entries: [browsing], env: { UPSTOX_CALLS_PER_MINUTE: '3' } }, async (bench) => {
      register(bench, 'UP', 'AB0001');
      expect((await logIn(bench, 'UP')).status).toBe(200);
      await bench.state('UP', 'fresh');
      const token = await bench.redis.get('token:UP');
      const after = bench.simulator.calls().length;

      const page = await logIn(bench, 'UP');
      const text = await page.text();
      expect(page.status).toBe(503);
      expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(40);
      expect(Number(page.headers.get('retry-after'))).toBeLessThanOrEqual(60);
      expect(text).toContain('UP: Not now');
      expect(text).toMatch(/leaves no room for this login before \d\d:\d\d:\d\d UTC/);
      expect(text).toContain('The broker was not called');
      expect(text).not.toContain('The broker did not give a token');
      expect(text).toMatch(/href="[^"]*\/oauth\/upstox\/UP\?ticket=[^"]+">Start again</);
      expect(bench.simulator.calls({ after, operation: 'exchange' })).toEqual([]);
      expect(await bench.redis.get('token:UP')).toBe(token);
    }));

  it('waits for it where that takes no longer than a person looks at a page', ({ expect }) =>
    withBench({ entries: [browsing], env: { UPSTOX_CALLS_PER_SECOND: '3' } }, async (bench) => {
      register(bench, 'UP', 'AB0001');
      for (const times of [1, 2, 3]) {
        expect((await logIn(bench, 'UP')).status).toBe(200);
        expect(bench.simulator.calls({ operation: 'exchange' })).toHaveLength(times);
      }
      expect(bench.logged('refresh.failed')).toEqual([]);
    }));
});
