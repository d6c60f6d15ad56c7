import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type LedgerEntry, type Simulator } from '../../src/simulator/index.ts';
import { followTokens } from '../support/reader.ts';
import { kill, makeEndings, stop } from '../support/endings.ts';
import { until } from '../support/poll.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startRunning, type Running } from '../support/running.ts';

const whole = process.env['CI'] === 'true';
const SHORT_LIFE_S = 6;
/** IG's own minute, for five minutes, where there is time for it; else about a tenth of both. */
const LIFE_S = whole ? 60 : SHORT_LIFE_S;
const FOLLOWED_MS = whole ? 5 * 60_000 : 40_000;

const entries = [{ broker: 'ig', username: 'IG_A', password: 'made-up-ig-a', apiKey: 'made-up-key-a' }];

const ends = makeEndings();
let server: TestRedis;
let simulator: Simulator;
beforeAll(async () => {
  server = await startRedis({ own: true });
});
afterAll(() => server.stop());
beforeEach(async () => {
  // Slow enough for a rotation to have a middle.
  // The reader asks all the time.
  const switches = { ig: { accessTtl: SHORT_LIFE_S, keyQuota: 1e6, accountQuota: 1e6 } };
  simulator = ends.add(await startSimulator({ latencyMs: 100, switches }), stop);
});
afterEach(ends.all);

let databases = 0;
const database = (): string => `${server.url}/${(databases += 1)}`;
/** Of all processes here, so that one with a STATE_DIR of its own can read what another one wrote. */
const SECRET_KEY = Buffer.alloc(32, 'made-up').toString('base64');
async function start(redisUrl: string, like?: Running): Promise<Running> {
  const env = { ...simulator.settings, SECRET_KEY };
  return ends.add(await startRunning({ redisUrl, entries, env, ...(like && { like }) }), kill);
}

const logins = (): readonly LedgerEntry[] => simulator.calls({ broker: 'ig', operation: 'login' });
const rotations = (): readonly LedgerEntry[] => simulator.calls({ broker: 'ig', operation: 'refresh-token' });
/** Fingerprints of refresh tokens that were sent more than once. */
const sentTwice = (): readonly string[] => {
  const spent = rotations().map((call) => call.spent ?? '');
  return spent.filter((each, i) => spent.indexOf(each) !== i);
};

describe('an IG v3 account', () => {
  it(
    `followed for ${FOLLOWED_MS / 1000} s of ${LIFE_S}-s tokens, never shows a missing or a dead one`,
    async () => {
      simulator.setSwitch('ig', 'accessTtl', LIFE_S);
      const redisUrl = database();
      const service = await start(redisUrl);
      const reader = ends.add(await followTokens(redisUrl, 'IG_A'), stop);
      await reader.follow(FOLLOWED_MS);
      expect(reader.faults()).toEqual([]);
      expect(reader.looks()).toBeGreaterThan(FOLLOWED_MS / 200);
      expect(logins()).toHaveLength(1);
      expect(sentTwice()).toEqual([]);
      // At most one a life, and none later than its end.
      const expected = FOLLOWED_MS / (LIFE_S * 1000);
      expect(rotations().length).toBeGreaterThanOrEqual(Math.floor(expected));
      expect(rotations().length).toBeLessThanOrEqual(Math.ceil(2 * expected));
      expect(reader.generations()).toEqual([...reader.generations()].sort((a, b) => a - b));
      expect(
        service.events().filter((line) => line['level'] === 'warn' || line['level'] === 'error'),
      ).toEqual([]);
      expect((await service.stop()).code).toBe(0);
    },
    FOLLOWED_MS + 60_000,
  );
});

describe('a kill -9', () => {
  const tokenOut = async (redisUrl: string): Promise<void> => {
    const reader = ends.add(await followTokens(redisUrl, 'IG_A'), stop);
    await until(() => reader.look().then((fault) => fault === undefined), {
      what: 'a token that works',
      timeoutMs: 40_000,
    });
  };

  it('between two rotations costs no login and no second use of a refresh token', async () => {
    simulator.setSwitch('ig', 'accessTtl', 10);
    const redisUrl = database();
    const first = await start(redisUrl);
    await tokenOut(redisUrl);
    await first.kill();
    const second = await start(redisUrl, first);
    await second.ready();
    await until(() => rotations().length >= 2, { what: 'two rotations', timeoutMs: 60_000 });
    await tokenOut(redisUrl);
    expect(logins()).toHaveLength(1);
    expect(sentTwice()).toEqual([]);
    expect((await second.stop()).code).toBe(0);
  });

  // On its machine the disk knows of the attempt as well; on another one Redis alone does.
  const heirs = ['its', 'another'];
  it.for(heirs)(
    'in the middle of a rotation costs one login on %s machine, and no second use',
    async (heir) => {
      const redisUrl = database();
      const first = await start(redisUrl);
      await tokenOut(redisUrl);
      // The broker acts at once and answers late: the pair that is stored is spent, the new one lost.
      const slow = simulator.fault({ broker: 'ig', operation: 'refresh-token', kind: 'slow', ms: 3_000 });
      await until(() => simulator.inFlight('ig', 'refresh-token') === 1, { what: 'a rotation under way' });
      await until(() => rotations().at(-1)?.effect, { what: 'its effect' });
      await first.kill();
      slow.remove();
      const second = await start(redisUrl, heir === 'its' ? first : undefined);
      await second.ready();
      await until(() => logins().length > 1, {
        what: 'the login in place of the lost pair',
        timeoutMs: 40_000,
      });
      await tokenOut(redisUrl);
      const before = rotations().length;
      await until(() => rotations().length >= before + 2, { what: 'two more rotations', timeoutMs: 40_000 });
      expect(logins()).toHaveLength(2);
      expect(sentTwice()).toEqual([]);
      expect((await second.stop()).code).toBe(0);
    },
  );

  it('again and again never sends a refresh token twice, and costs at most one login each time', async () => {
    const redisUrl = database();
    let service = await start(redisUrl);
    await tokenOut(redisUrl);
    const KILLS = whole ? 5 : 2;
    for (let kills = 0; kills < KILLS; kills++) {
      const seen = rotations().length;
      await until(() => rotations().length > seen, { what: 'a rotation', timeoutMs: 40_000, intervalMs: 2 });
      await service.kill();
      service = await start(redisUrl, service);
      await tokenOut(redisUrl);
    }
    expect(sentTwice()).toEqual([]);
    expect(logins().length).toBeLessThanOrEqual(1 + KILLS);
    await service.ready();
    expect((await service.stop()).code).toBe(0);
  });
});
