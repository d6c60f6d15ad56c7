import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { startBots } from './bots.ts';
import { onDesk, type Desk } from './desk.ts';
import { apiEntry, bridgeEntry, igEntry } from './entries.ts';
import { holderOf, slowRotation } from './rotations.ts';
import { extraLogins, sentTwice, withoutNextAction } from './verdicts.ts';

const IG = igEntry('IG_A');
const entries = [IG, bridgeEntry('TV_A'), apiEntry('TV_API')];

const rotations = ({ simulator }: Desk): number => simulator.calls({ operation: 'refresh-token' }).length;

// Side by side: most of their time is waiting.
describe.concurrent('a pause', () => {
  it(
    'of a process, by SIGSTOP, past the end of its lease: what it has in hand is not published over the other one’s',
    ({ expect }) =>
      onDesk({ entries, igLifeS: 8 }, async (desk, ends) => {
        const services = await Promise.all([desk.serve(), desk.serve()]);
        await desk.fresh();
        const bots = startBots(ends, desk);
        await slowRotation(desk, 2_000);
        const pid = await holderOf(desk, 'IG_A');
        const [asleep] = services.filter((service) => service.pid === pid);
        const [other] = services.filter((service) => service.pid !== pid);
        const before = await desk.token('IG_A');
        asleep?.signal('SIGSTOP');
        await until(async () => ![before, null].includes(await desk.token('IG_A')), {
          what: 'the other process to take over',
          timeoutMs: 30_000,
        });
        asleep?.signal('SIGCONT');
        const seen = rotations(desk);
        await until(() => rotations(desk) >= seen + 2, { what: 'two rotations more', timeoutMs: 20_000 });
        await desk.fresh();
        await bots.stop();
        expect(other?.events().some(({ event }) => event === 'attempt.interrupted')).toBe(true);
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        expect(extraLogins(desk, 'IG_A')).toHaveLength(1);
        for (const name of ['TV_A', 'TV_API']) expect(extraLogins(desk, name), name).toHaveLength(0);
        expect(await withoutNextAction(desk)).toEqual([]);
        for (const service of services) expect((await service.stop()).code).toBe(0);
      }),
    90_000,
  );

  it(
    'of Redis for ten seconds, with a rotation under way: its answer is not lost, nothing is sent twice',
    ({ expect }) =>
      onDesk({ entries, igLifeS: 30 }, async (desk, ends) => {
        const services = await Promise.all([desk.serve(), desk.serve()]);
        await desk.fresh();
        const bots = startBots(ends, desk);
        const before = await desk.token('IG_A');
        await slowRotation(desk, 1_000);
        await desk.freezeRedis(10_000);
        await until(async () => ![before, null].includes(await desk.token('IG_A')), {
          what: 'the new token',
          timeoutMs: 30_000,
        });
        await desk.fresh();
        await bots.stop();
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        expect(bots.missingMs('IG_A')).toBe(0);
        expect(extraLogins(desk, 'IG_A').length).toBeLessThanOrEqual(1);
        for (const name of ['TV_A', 'TV_API']) expect(extraLogins(desk, name), name).toHaveLength(0);
        expect(await withoutNextAction(desk)).toEqual([]);
        for (const service of services) expect((await service.stop()).code).toBe(0);
      }),
    90_000,
  );

  it(
    'of the whole machine, Redis and service, for longer than a token lives',
    ({ expect }) =>
      onDesk({ entries, igLifeS: 6 }, async (desk, ends) => {
        const service = await desk.serve();
        await desk.fresh();
        const bots = startBots(ends, desk);
        await sleep(1_000);
        service.signal('SIGSTOP');
        await desk.freezeRedis(8_000);
        service.signal('SIGCONT');
        const seen = rotations(desk);
        await until(() => rotations(desk) >= seen + 2, { what: 'two rotations more', timeoutMs: 20_000 });
        await desk.fresh();
        await bots.stop();
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        for (const name of desk.names) expect(extraLogins(desk, name), name).toHaveLength(0);
        expect(await withoutNextAction(desk)).toEqual([]);
        expect((await service.stop()).code).toBe(0);
      }),
    90_000,
  );

  it(
    'and the clock: an hour ahead, and back again',
    ({ expect }) =>
      onDesk({ entries, igLifeS: 6 }, async (desk, ends) => {
        const preload = new URL('shifted-clock.ts', import.meta.url).href;
        const service = await desk.serve({
          env: { NODE_OPTIONS: `--import=${preload}`, CLOCK_SHIFTS_MS: '3600000,0' },
        });
        await desk.fresh();
        const bots = startBots(ends, desk);
        for (const shift of ['ahead', 'back']) {
          const jumps = service.events().filter(({ event }) => event === 'clock.jumped').length;
          service.signal('SIGUSR2');
          await until(() => service.events().filter(({ event }) => event === 'clock.jumped').length > jumps, {
            what: `the jump ${shift} to be noticed`,
          });
          const seen = desk.simulator.calls({ broker: 'ig' }).length;
          await until(() => desk.simulator.calls({ broker: 'ig' }).length >= seen + 2, {
            what: 'two calls for IG',
            timeoutMs: 20_000,
          });
          await desk.fresh();
        }
        await sleep(7_000);
        await desk.fresh();
        await bots.stop();
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        // An hour on, sessions are over or due: each jump may cost a login, no more.
        for (const name of desk.names) expect(extraLogins(desk, name).length, name).toBeLessThanOrEqual(2);
        expect(await withoutNextAction(desk)).toEqual([]);
        expect((await service.stop()).code).toBe(0);
      }),
    90_000,
  );
});
