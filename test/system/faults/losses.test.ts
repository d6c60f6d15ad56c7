import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { makeSeal } from '../../../src/redis/seal.ts';
import { until } from '../../support/poll.ts';
import { startBots } from './bots.ts';
import { onDesk, SEALING_KEY, type Desk } from './desk.ts';
import { apiEntry, bridgeEntry, igEntry, nameOf, personEntry } from './entries.ts';
import { extraLogins, incidentsOf, loginsOf, sentTwice, withoutNextAction } from './verdicts.ts';

const SWEEP_MS = 30_000;
const wrong = [
  bridgeEntry('WRONG_TV', 'made-up-wrong'),
  { ...igEntry('WRONG_IG'), password: 'made-up-wrong' },
];
const good = [igEntry('IG_A'), bridgeEntry('TV_A'), apiEntry('TV_API'), personEntry('UP_A')];
const entries = [...good, ...wrong];
const [goodNames, wrongNames] = [good.map(nameOf), wrong.map(nameOf)];

const generations = async ({ redis }: Desk, names: readonly string[]): Promise<readonly number[]> =>
  Promise.all(names.map(async (name) => Number(await redis.hget(`meta:${name}`, 'generation'))));
const stopped = async (desk: Desk): Promise<void> => {
  for (const name of wrongNames)
    await until(async () => (await desk.stateOf(name)) === 'stopped', {
      what: `${name} to be stopped`,
      timeoutMs: 30_000,
    });
};
/** Everything that the brokers' ledger counts of an account's logins. */
const counts = (desk: Desk): readonly number[] => desk.names.map((name) => loginsOf(desk, name).length);

describe.concurrent('a Redis', () => {
  it(
    'killed -9 with a rotation under way, and back with its data: no login, and no secret twice',
    ({ expect }) =>
      onDesk({ entries, igLifeS: 15 }, async (desk, ends) => {
        const services = await Promise.all([desk.serve(), desk.serve()]);
        expect(await desk.logIn(services[0], 'UP_A')).toBe(200);
        await desk.fresh(goodNames);
        await stopped(desk);
        const before = counts(desk);
        const bots = startBots(ends, desk);
        for (const awayMs of [500, 3_000]) {
          desk.simulator.fault({
            broker: 'ig',
            operation: 'refresh-token',
            kind: 'slow',
            ms: 1_000,
            times: 1,
          });
          const seen = desk.simulator.calls({ operation: 'refresh-token' }).length;
          await desk.request('IG_A');
          await until(
            () => desk.simulator.calls({ operation: 'refresh-token', effect: true }).length > seen,
            {
              what: 'a rotation under way',
            },
          );
          await desk.server.kill();
          await sleep(awayMs);
          await desk.server.restart();
          await until(() => desk.redis.ping(), { what: 'Redis to be back' });
          await desk.fresh(goodNames);
        }
        await bots.stop();
        expect(counts(desk)).toEqual(before);
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        expect(await withoutNextAction(desk)).toEqual([]);
        for (const service of services) expect((await service.stop()).code).toBe(0);
      }),
    120_000,
  );

  it(
    'killed -9 with a rotation under way, and then the process that has its answer: it was held on disk',
    ({ expect }) =>
      onDesk({ entries: [igEntry('IG_A')], igLifeS: 60 }, async (desk, ends) => {
        const service = await desk.serve();
        await desk.fresh();
        const before = await desk.token('IG_A');
        desk.simulator.fault({ broker: 'ig', operation: 'refresh-token', kind: 'slow', ms: 1_000, times: 1 });
        await desk.request('IG_A');
        const rotation = { operation: 'refresh-token', effect: true };
        await until(() => desk.simulator.calls(rotation).length > 0, { what: 'a rotation under way' });
        await desk.server.kill();
        const seal = makeSeal([SEALING_KEY]);
        // A draft is not there yet: nobody reads it but who wrote it.
        const isHeld = async (): Promise<boolean> => {
          const folder = join(service.stateDir, 'mirror');
          const files = (await readdir(folder)).filter((name) => /^v1-[^.]+$/.test(name));
          const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
          return texts.some((text) => seal.open(text, 'mirror')?.includes('"held":{'));
        };
        await until(isHeld, { what: 'the answer to be on disk' });
        await service.kill();
        await desk.server.restart();
        await until(() => desk.redis.ping(), { what: 'Redis to be back' });
        const bots = startBots(ends, desk);
        const next = await desk.serve({ like: service });
        await next.event({ event: 'answer.stored', account: 'IG_A' }, 30_000);
        await until(async () => (await desk.token('IG_A')) !== before, { what: 'the new token' });
        await desk.request('IG_A');
        await until(() => desk.simulator.calls(rotation).length === 2, { what: 'the next rotation' });
        await bots.stop();
        expect(desk.simulator.calls(rotation).at(-1)?.status).toBe(200);
        expect(loginsOf(desk, 'IG_A')).toHaveLength(1);
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        expect((await next.stop()).code).toBe(0);
      }),
    90_000,
  );

  it.for(['one STATE_DIR', 'a STATE_DIR each'])(
    'emptied again and again under two processes with %s: a refused password is never tried again',
    { timeout: 120_000 },
    (which, { expect }) =>
      onDesk({ entries, igLifeS: 15 }, async (desk, ends) => {
        const shared = which === 'one STATE_DIR' ? { stateDir: await desk.newFolder() } : {};
        const services = await Promise.all([desk.serve(shared), desk.serve(shared)]);
        expect(await desk.logIn(services[0], 'UP_A')).toBe(200);
        await desk.fresh(goodNames);
        await stopped(desk);
        // With a folder of its own each learns within a sweep what the other has found out.
        if (which === 'a STATE_DIR each') await sleep(SWEEP_MS + 1_000);
        const bots = startBots(ends, desk);
        const [before, opened] = [counts(desk), incidentsOf(desk).length];
        const FLUSHES = 3;
        for (let flush = 0; flush < FLUSHES; flush++) {
          const born = await generations(desk, goodNames);
          await desk.redis.flushall();
          await desk.fresh(goodNames);
          await stopped(desk);
          const reborn = await generations(desk, goodNames);
          for (const [i, generation] of reborn.entries()) expect(generation).toBeGreaterThan(born[i]!);
        }
        await bots.stop();
        const after = counts(desk);
        for (const [i, name] of desk.names.entries()) {
          const more = after[i]! - before[i]!;
          // What a person has done, and what a person must do, is kept; the rest signs in once a loss.
          if (name === 'UP_A' || wrongNames.includes(name)) expect(more, name).toBe(0);
          else expect(more, name).toBeLessThanOrEqual(FLUSHES);
        }
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        expect(await withoutNextAction(desk)).toEqual([]);
        // A book that is lost with the rest is written anew: one message a loss and cause.
        expect(incidentsOf(desk).filter(({ opens }) => opens > 1)).toEqual([]);
        expect(incidentsOf(desk).length - opened).toBeLessThanOrEqual(2 * FLUSHES);
        for (const service of services) expect((await service.stop()).code).toBe(0);
      }),
  );

  it(
    'lost while nothing runs: with STATE_DIR left, people’s tokens and verdicts are back and generations grow',
    ({ expect }) =>
      onDesk({ entries }, async (desk, ends) => {
        const service = await desk.serve();
        expect(await desk.logIn(service, 'UP_A')).toBe(200);
        await desk.fresh(goodNames);
        await stopped(desk);
        const [token, born, before] = [
          await desk.token('UP_A'),
          await generations(desk, goodNames),
          counts(desk),
        ];
        // Killed: nothing is said goodbye to.
        await service.kill();
        await desk.redis.flushall();
        const bots = startBots(ends, desk);
        const next = await desk.serve({ like: service });
        await desk.fresh(goodNames);
        await stopped(desk);
        await bots.stop();
        expect(await desk.token('UP_A')).toBe(token);
        const reborn = await generations(desk, goodNames);
        for (const [i, generation] of reborn.entries()) expect(generation).toBeGreaterThan(born[i]!);
        const after = counts(desk);
        const more = Object.fromEntries(desk.names.map((name, i) => [name, after[i]! - before[i]!]));
        expect(more).toEqual({ IG_A: 1, TV_A: 1, TV_API: 1, UP_A: 0, WRONG_TV: 0, WRONG_IG: 0 });
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        expect(await withoutNextAction(desk)).toEqual([]);
        expect((await next.stop()).code).toBe(0);
      }),
    90_000,
  );

  it(
    'left alone, its STATE_DIR lost: nobody signs in, and a refused password is not tried again',
    ({ expect }) =>
      onDesk({ entries }, async (desk, ends) => {
        const service = await desk.serve();
        expect(await desk.logIn(service, 'UP_A')).toBe(200);
        await desk.fresh(goodNames);
        await stopped(desk);
        const [before, token] = [counts(desk), await desk.token('UP_A')];
        await service.kill();
        await rm(service.stateDir, { recursive: true });
        const bots = startBots(ends, desk);
        const next = await desk.serve({ like: service });
        await until(() => desk.simulator.calls({ operation: 'refresh-token' }).length >= 2, {
          what: 'rotations',
          timeoutMs: 20_000,
        });
        await desk.fresh(goodNames);
        await stopped(desk);
        await bots.stop();
        expect(counts(desk)).toEqual(before);
        expect(await desk.token('UP_A')).toBe(token);
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        for (const name of ['IG_A', 'TV_API']) expect(extraLogins(desk, name), name).toEqual([]);
        expect(await withoutNextAction(desk)).toEqual([]);
        expect((await next.stop()).code).toBe(0);
      }),
    90_000,
  );
});
