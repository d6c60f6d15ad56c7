import { describe, expect, it } from 'vitest';
import { until } from '../support/poll.ts';
import { withBench } from '../support/service.ts';

const entries = [
  { username: 'GOOD', password: 'made-up-pass' },
  { username: 'BAD', password: 'made-up-wrong-pass' },
];

describe('/metrics', () => {
  it('shows states, budgets and attempts, and no account’s name', () =>
    withBench({ entries }, async (bench) => {
      await bench.state('GOOD', 'fresh');
      await bench.state('BAD', 'stopped');
      const answer = await fetch(`${bench.service.url}/metrics`);
      expect(answer.headers.get('content-type')).toContain('text/plain');
      const text = await answer.text();
      for (const line of [
        'accounts{broker="tradovate",state="fresh"} 1',
        'accounts{broker="tradovate",state="stopped"} 1',
        'accounts_without_next_action 0',
        'token_headroom_seconds{broker="tradovate"} 0',
        'rate_budget_remaining{broker="tradovate",limit="sign-in-failures"} 4',
        'breaker_state{broker="tradovate"} 0',
        'refresh_attempts_total{broker="tradovate",kind="sign-in",result="ok"} 1',
        'refresh_attempts_total{broker="tradovate",kind="sign-in",result="needs-human"} 1',
      ]) {
        expect(text).toContain(line);
      }
      expect(text).not.toMatch(/GOOD|BAD/);
    }));

  it(
    'counts an account that lost its next action, until the sweep gives it one',
    () =>
      withBench({ entries: entries.slice(0, 1) }, async (bench) => {
        await bench.state('GOOD', 'fresh');
        const lost = async (): Promise<string | undefined> =>
          /^accounts_without_next_action (\d+)$/m.exec(
            await (await fetch(`${bench.service.url}/metrics`)).text(),
          )?.[1];
        await bench.redis.zrem('refresher:due:tradovate', 'GOOD');
        expect(await lost()).toBe('1');
        await until(async () => (await lost()) === '0', { what: 'a next action', timeoutMs: 45_000 });
      }),
    60_000,
  );
});
