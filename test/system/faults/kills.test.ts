import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { makeEndings } from '../../support/endings.ts';
import { until } from '../../support/poll.ts';
import type { Running } from '../../support/running.ts';
import { makeDice, type Dice } from '../../simulation/random.ts';
import { DEAD, startBots, type Fault } from './bots.ts';
import { openDesk, type Desk } from './desk.ts';
import { apiEntry, bridgeEntry, igEntry, personEntry } from './entries.ts';
import {
  extraLogins,
  incidentsOf,
  isDisplaced,
  loginsOf,
  openAttempts,
  pacedAccounts,
  saidTwice,
  sentTwice,
  withoutNextAction,
} from './verdicts.ts';

/** Kills in all: two thirds of the time with two processes, the rest with three. FAULT_KILLS for a longer soak. */
const KILLS = Number(process.env['FAULT_KILLS'] ?? 100);
const SEED = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const TRADOVATE_LIFE_S = 15;

const entries = [
  ...['IG_A', 'IG_B', 'IG_C', 'IG_D', 'IG_E', 'IG_F'].map(igEntry),
  bridgeEntry('TV_A'),
  bridgeEntry('TV_B'),
  apiEntry('TV_API'),
  personEntry('UP_A'),
  bridgeEntry('WRONG', 'made-up-wrong'),
];
const healthy = entries.slice(0, -1).map(({ name, username }) => String(name ?? username));

const lifeMs = TRADOVATE_LIFE_S * 1_000;
const lives: ReadonlyMap<string, { readonly lifeMs: number; readonly way: 'signsIn' | 'renews' }> = new Map([
  ['TV_A', { lifeMs, way: 'signsIn' }],
  ['TV_B', { lifeMs, way: 'signsIn' }],
  ['TV_API', { lifeMs, way: 'renews' }],
]);

const ends = makeEndings();
afterEach(ends.all);

/** Kills this process and starts it again until all kills are done; says which accounts each kill hit. */
async function killAgainAndAgain(
  desk: Desk,
  dice: Dice,
  first: Running,
  left: { kills: number; readonly killedAt: number[] },
  hits: Map<string, number>,
): Promise<Running> {
  let service = first;
  while (left.kills > 0) {
    // Now and then before it serves at all.
    if (dice.chance(0.85)) await service.ready(60_000);
    await sleep(dice.whole(0, 800));
    left.kills -= 1;
    left.killedAt.push(Date.now());
    await service.kill();
    // What it had sent before it died may still arrive.
    await sleep(dice.whole(40, 300));
    for (const name of await openAttempts(desk, service.pid)) hits.set(name, (hits.get(name) ?? 0) + 1);
    service = await desk.start({ like: service });
  }
  return service;
}

describe.each([
  { processes: 2, kills: Math.ceil(KILLS / 2) },
  { processes: 3, kills: Math.floor(KILLS / 2) },
])('$processes processes, killed -9 $kills times at random moments', ({ processes, kills }) => {
  it(
    `send no refresh token twice, cost a login at most where a call was under way, and end well (FAULT_SEED=${SEED})`,
    async () => {
      const dice = makeDice(SEED + processes);
      const desk = await openDesk(ends, {
        entries,
        igLifeS: 4,
        tradovateLifeS: TRADOVATE_LIFE_S,
        latencyMs: 200,
        // As it is at Tradovate for all that is known.
        tradovate: { 'bridge.countsAsSession': 'on' },
      });
      const services = await Promise.all(Array.from({ length: processes }, () => desk.serve()));
      expect(await desk.logIn(services[0]!, 'UP_A')).toBe(200);
      await desk.fresh(healthy);
      const bots = startBots(ends, desk);
      const hits = new Map<string, number>();
      const left = { kills, killedAt: [] };
      const survivors = await Promise.all(
        services.map((service) => killAgainAndAgain(desk, dice.fork(), service, left, hits)),
      );
      await Promise.all(survivors.map((service) => service.ready(60_000)));
      // Three logins in a row that died with their process are followed by none for a quarter of an hour, unless
      // somebody asks: the more the machine is busy otherwise, the more kills find a login under way.
      const paced = new Set<string>();
      const areFresh = async (): Promise<boolean> => {
        for (const name of await pacedAccounts(desk)) {
          if (paced.has(name)) continue;
          paced.add(name);
          await desk.request(name, { rearm: true });
        }
        await desk.fresh(healthy, 0);
        return true;
      };
      await until(areFresh, { what: 'all to be fresh', timeoutMs: 60_000, intervalMs: 250 });
      for (const name of paced) expect(hits.get(name) ?? 0, name).toBeGreaterThanOrEqual(3);
      const isClosed = (): boolean =>
        incidentsOf(desk).every(({ cause, closes }) => closes > 0 || cause === 'tradovate:bad_credentials');
      await until(isClosed, { what: 'the alerts to be closed', timeoutMs: 20_000 });
      await bots.stop();

      const lost = [...hits].map(([name, count]) => `${name} ${count}`).join(', ');
      const logins = healthy.reduce((sum, name) => sum + loginsOf(desk, name).length, 0);
      console.log(
        `FAULT_SEED=${SEED}: ${kills} kills of ${processes} processes; calls under way: ${lost || 'none'}; paced: ${[...paced].join(', ') || 'none'}; ` +
          `${desk.simulator.calls({ operation: 'refresh-token' }).length} rotations, ${logins} logins, ${bots.looks()} looks by bots, ${bots.faults().length} of them at a token that two lost logins had ended`,
      );
      expect(sentTwice(desk)).toEqual([]);
      const isOurs = (fault: Fault): boolean =>
        !(fault.what.startsWith(DEAD) && lives.has(fault.name) && isDisplaced(desk, fault, lifeMs));
      expect(bots.faults().filter(isOurs)).toEqual([]);
      for (const name of healthy) {
        expect(extraLogins(desk, name, lives.get(name)).length, name).toBeLessThanOrEqual(
          (hits.get(name) ?? 0) + (paced.has(name) ? 1 : 0),
        );
      }
      expect(loginsOf(desk, 'WRONG')).toHaveLength(1);
      expect(await desk.stateOf('WRONG')).toBe('stopped');
      expect(await withoutNextAction(desk)).toEqual([]);
      expect(saidTwice(desk, left.killedAt)).toEqual([]);
      expect(incidentsOf(desk).filter(({ cause }) => cause === 'tradovate:bad_credentials')).toHaveLength(1);
      for (const service of survivors) expect((await service.stop()).code).toBe(0);
    },
    60_000 + kills * 4_000,
  );
});
