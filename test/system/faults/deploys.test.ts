import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { freePort } from '../../support/redis.ts';
import { startBots } from './bots.ts';
import { onDesk, type Desk } from './desk.ts';
import { apiEntry, bridgeEntry, igEntry } from './entries.ts';
import { extraLogins, incidentsOf, loginsOf, sentTwice, withoutNextAction } from './verdicts.ts';

const entries = [igEntry('IG_A'), igEntry('IG_B'), bridgeEntry('TV_A'), apiEntry('TV_API')];
const rotations = (desk: Desk): number => desk.simulator.calls({ operation: 'refresh-token' }).length;

describe.concurrent('a deploy', () => {
  it(
    'that ends a process with SIGTERM in the middle of a rotation: it ends in time, and the pair is written',
    ({ expect }) =>
      onDesk({ entries, igLifeS: 20 }, async (desk, ends) => {
        const service = await desk.serve();
        await desk.fresh();
        const bots = startBots(ends, desk);
        const before = await desk.token('IG_A');
        desk.simulator.fault({
          broker: 'ig',
          operation: 'refresh-token',
          username: 'IG_A',
          kind: 'slow',
          ms: 4_000,
          times: 1,
        });
        await desk.request('IG_A');
        await until(() => desk.simulator.inFlight('ig', 'refresh-token') > 0, {
          what: 'a rotation under way',
        });
        const signalledAt = Date.now();
        expect((await service.stop()).code).toBe(0);
        expect(Date.now() - signalledAt).toBeLessThan(15_000);
        expect(await desk.token('IG_A')).not.toBe(before);
        expect(await desk.redis.exists(...desk.names.map((name) => `refresher:lease:${name}`))).toBe(0);
        const seen = rotations(desk);
        const next = await desk.serve({ like: service });
        await until(() => rotations(desk) >= seen + 2, {
          what: 'rotations by the next one',
          timeoutMs: 30_000,
        });
        await desk.fresh();
        await bots.stop();
        expect(bots.missingMs('IG_A')).toBe(0);
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        for (const name of desk.names) expect(loginsOf(desk, name), name).toHaveLength(1);
        expect((await next.stop()).code).toBe(0);
      }),
    90_000,
  );

  it.for(['one STATE_DIR', 'a STATE_DIR each'])(
    'that rolls, with %s: old and new process do not fight, and no bot is without a token',
    { timeout: 120_000 },
    (which, { expect }) =>
      onDesk({ entries, igLifeS: 8 }, async (desk, ends) => {
        const shared = which === 'one STATE_DIR' ? { stateDir: await desk.newFolder() } : {};
        let service = await desk.serve(shared);
        await desk.fresh();
        const bots = startBots(ends, desk);
        for (let version = 2; version <= 4; version++) {
          const next = await desk.serve(shared);
          // Both serve for a while.
          const seen = rotations(desk);
          await until(() => rotations(desk) >= seen + 2, { what: 'rotations with both', timeoutMs: 30_000 });
          expect((await service.stop()).code).toBe(0);
          service = next;
        }
        const seen = rotations(desk);
        await until(() => rotations(desk) >= seen + 2, { what: 'rotations', timeoutMs: 30_000 });
        await desk.fresh();
        await bots.stop();
        for (const name of desk.names) {
          expect(loginsOf(desk, name), name).toHaveLength(1);
          expect(bots.missingMs(name), name).toBe(0);
        }
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        expect(incidentsOf(desk)).toEqual([]);
        expect(await withoutNextAction(desk)).toEqual([]);
        expect((await service.stop()).code).toBe(0);
      }),
  );

  it('with an old and a new credentials file for a while: the refused password goes out once, the good one stays good', ({
    expect,
  }) => {
    const [old, renewed] = ['made-up-old', 'made-up-new'].map((password) => [
      bridgeEntry('TV_A', password),
      bridgeEntry('TV_B'),
    ]) as [ReturnType<typeof bridgeEntry>[], ReturnType<typeof bridgeEntry>[]];
    return onDesk(
      {
        entries: old,
        before: (simulator) => simulator.setPassword('tradovate', 'TV_A', 'made-up-new'),
      },
      async (desk, ends) => {
        const first = await desk.serve();
        await until(async () => (await desk.stateOf('TV_A')) === 'stopped', { what: 'the refusal' });
        const second = await desk.serve({ entries: renewed });
        const bots = startBots(ends, desk);
        /** As many looks as an hour brings: now one process has it, now the other. */
        const look = async (): Promise<void> => {
          await desk.due('TV_A');
          await sleep(150);
        };
        await until(
          async () => {
            await look();
            return (await desk.stateOf('TV_A')) === 'fresh';
          },
          { what: 'the process with the new file to sign in', timeoutMs: 30_000 },
        );
        for (let looks = 0; looks < 40; looks++) {
          await look();
          expect(await desk.stateOf('TV_A')).toBe('fresh');
        }
        // Renewed early, whoever is asked: the old file must not spoil it either.
        for (let asked = 0; asked < 5; asked++) {
          const token = await desk.token('TV_A');
          await desk.request('TV_A');
          await until(
            async () => {
              await look();
              return (await desk.token('TV_A')) !== token;
            },
            { what: 'the next token', timeoutMs: 30_000 },
          );
        }
        await first.stop();
        const third = await desk.serve({ like: first, entries: renewed });
        await look();
        await desk.fresh();
        await bots.stop();
        expect(desk.simulator.calls({ operation: 'authorize', username: 'TV_A' })).toHaveLength(1 + 1 + 5);
        expect(loginsOf(desk, 'TV_B')).toHaveLength(1);
        expect(bots.faults()).toEqual([]);
        const bad = incidentsOf(desk).filter(({ cause }) => cause === 'tradovate:bad_credentials');
        expect(bad.map(({ opens, closes }) => [opens, closes])).toEqual([[1, 1]]);
        for (const service of [second, third]) expect((await service.stop()).code).toBe(0);
      },
    );
  }, 120_000);
});

describe.concurrent('a Redis of its own', () => {
  it(
    'killed -9 with a rotation under way, and a second process at the door: nothing is lost',
    ({ expect }) =>
      onDesk({ entries, igLifeS: 8 }, async (desk, ends) => {
        const port = String(await freePort());
        const embedded = { REDIS_URL: 'embedded', EMBEDDED_REDIS_PORT: port };
        const service = await desk.serve({ env: embedded });
        const own = desk.at(`redis://127.0.0.1:${port}`);
        await own.fresh();
        const bots = startBots(ends, own);
        for (let kills = 0; kills < 3; kills++) {
          desk.simulator.fault({ broker: 'ig', operation: 'refresh-token', kind: 'slow', ms: 700, times: 1 });
          await until(() => desk.simulator.inFlight('ig', 'refresh-token') > 0, {
            what: 'a rotation under way',
            timeoutMs: 20_000,
          });
          const pid = Number(/process_id:(\d+)/.exec(await own.redis.info('server'))?.[1]);
          process.kill(pid, 'SIGKILL');
          await until(() => own.redis.ping(), { what: 'Redis to be back' });
          await own.fresh();
        }
        const second = await desk.start({ like: service, env: embedded, port: await freePort() });
        expect((await second.exit()).code).toBe(2);
        const seen = rotations(desk);
        await until(() => rotations(desk) >= seen + 3, { what: 'rotations', timeoutMs: 20_000 });
        await own.fresh();
        await bots.stop();
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        for (const name of desk.names) expect(extraLogins(desk, name), name).toEqual([]);
        expect(await withoutNextAction(own)).toEqual([]);
        expect((await service.stop()).code).toBe(0);
      }),
    90_000,
  );
});
