import { describe, it } from 'vitest';
import { startDiscord, broken, wellBehaved, type FakeDiscord } from '../../support/discord.ts';
import { until } from '../../support/poll.ts';
import { withBench } from '../../support/service.ts';
import { DESK } from './bench.ts';

const users = Array.from({ length: 20 }, (_, i) => ({ ...DESK, username: `USER_${i}` }));

async function withDiscord(work: (discord: FakeDiscord) => Promise<void>): Promise<void> {
  const discord = await startDiscord();
  try {
    await work(discord);
  } finally {
    await discord.stop();
  }
}

/*
 * Alerts that storm, flap, or fall silent. Seen in NangoHQ/nango#2323, #2333 and #2482, airqo-platform/AirQo-api#6997 (one
 * token's cooldown hid another's), tombii/better-ccflare#311 (43 hours unnoticed). Against it: transitions
 * only, one message for a cause, and an outbox that outlives whoever does not listen.
 */
describe.concurrent('failure mode 15: alerts that storm, flap or fall silent', () => {
  it(
    'twenty accounts behind one broken broker are one message and one end, whatever each of them goes through',
    ({ expect }) =>
      withDiscord((discord) =>
        withBench(
          {
            entries: users,
            // Room for failures: else the ledger paces the first logins for longer than a test can wait.
            env: { ...discord.env, TRADOVATE_FAILED_LOGINS_PER_HOUR: '100' },
            before: ({ brokers }) => brokers.fault({ broker: 'tradovate', kind: 'status', status: 503 }),
          },
          async (bench) => {
            await until(() => discord.posts().length > 0, { what: 'the alert', timeoutMs: 20_000 });
            await until(
              async () => (await bench.redis.exists('refresher:breaker:tradovate:default:demo-bridge')) === 1,
              {
                what: 'the breaker',
                timeoutMs: 40_000,
              },
            );
            bench.simulator.clearFaults();
            for (const { username } of users) await bench.state(username, 'fresh', 90_000);
            const closings = (): number =>
              discord.posts().filter(({ body }) => body.includes('recovered after')).length;
            // One whose accounts all went on to another cause is edited to say that it is over.
            const moved = (): number =>
              new Set(
                discord
                  .patches()
                  .filter(({ body }) => body.includes(': over: '))
                  .map(({ path }) => path),
              ).size;
            await until(() => closings() > 0, { what: 'the end', timeoutMs: 20_000 });
            await until(() => 2 * closings() + moved() === discord.posts().length, {
              what: 'the end of each message',
              timeoutMs: 20_000,
            });
            const causes = new Set(discord.posts().map(({ body }) => /"text":"([^"]+)"/.exec(body)?.[1]));
            expect(discord.posts().length - closings()).toBe(causes.size);
            expect(causes.size).toBeLessThanOrEqual(2);
          },
        ),
      ),
    180_000,
  );

  it(
    'one account’s trouble hides no other cause, and a Discord that fails hears of both later',
    ({ expect }) =>
      withDiscord((discord) => {
        discord.behave = broken;
        return withBench(
          {
            entries: [
              { ...DESK, username: 'WRONG', password: 'made-up-wrong' },
              { ...DESK, username: 'LOCKED' },
            ],
            env: discord.env,
            before: ({ brokers }) => brokers.command('tradovate', 'user-status', 'LOCKED TemporaryLocked'),
          },
          async (bench) => {
            await bench.state('WRONG', 'stopped');
            await bench.state('LOCKED', 'stopped', 20_000);
            await until(() => discord.heard.length > 0, { what: 'a try' });
            // The process that saw it is gone before anybody listens.
            await bench.restart();
            discord.heard = [];
            discord.behave = wellBehaved();
            const said = (): string =>
              discord
                .posts()
                .map(({ body }) => body)
                .join('\n');
            await until(() => said().includes('WRONG') && said().includes('LOCKED'), {
              what: 'both alerts',
              timeoutMs: 20_000,
            });
            expect(discord.posts()).toHaveLength(2);
            expect(said()).not.toContain('recovered');
          },
        );
      }),
    60_000,
  );
});
