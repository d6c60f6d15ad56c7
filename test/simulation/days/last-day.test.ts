import { afterEach, expect, test } from 'vitest';
import { QUARTER_MS, readDay } from '../../../src/core/last-day.ts';
import { readDays } from '../../../src/redis/days.ts';
import { keys } from '../../../src/redis/keys.ts';
import { bridge } from '../../support/rows/tradovate.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, restart } from './clockwork.ts';

let world: World;
afterEach(() => world.stop());

const MIDNIGHT = Date.UTC(2026, 1, 3);
const ig = {
  broker: 'ig',
  name: 'PAIR',
  username: 'IG_PAIR',
  password: 'made-up-pass',
  apiKey: 'made-up-key',
};

/** The account's last day as it is kept, from its beginning on: a letter for each quarter of an hour. */
async function day(name: string): Promise<string> {
  const text = await world.redis.get(keys.day(name));
  expect(text?.length).toBeLessThanOrEqual(125);
  const letters = { good: 'g', waiting: 'w', bad: 'x', idle: 'i' } as const;
  const kept = readDay(text, world.now());
  const nobody = readDay(null, world.now());
  expect(await readDays(world.redis, ['NOBODY', name], world.now())).toEqual(
    new Map([
      ['NOBODY', nobody],
      [name, kept],
    ]),
  );
  return kept.map((mark) => (mark === null ? '-' : letters[mark])).join('');
}

test('the last day of a restless account has its trouble, and the hours in which nothing was done', async () => {
  world = await makeWorld({ entries: [ig], startAt: MIDNIGHT });
  // Some 240 tokens of a minute, of which no list of decisions tells.
  await world.runFor(2 * HOUR_MS - MINUTE_MS);
  expect(await day('PAIR')).toBe(`${'-'.repeat(88)}gggggggg`);

  world.fault({ broker: 'ig', kind: 'status', status: 500 });
  await world.runFor(3 * QUARTER_MS);
  world.clearFaults();
  await world.runFor(HOUR_MS);
  expect((await day('PAIR')).slice(-8)).toMatch(/^[wx]{4,6}g{2,4}$/);

  for (const { life } of world.replicas()) life.kill();
  await world.runFor(2 * HOUR_MS);
  await restart(world);
  await world.runFor(MINUTE_MS);
  expect((await day('PAIR')).slice(-12)).toMatch(/^g{3,4}-{6,7}[gwx]{1,2}$/);
});

test('the last day of a quiet account is no longer than a day', async () => {
  world = await makeWorld({
    entries: [{ broker: 'tradovate', ...bridge, username: 'DESK' }],
    startAt: MIDNIGHT,
  });
  await world.runFor(40 * HOUR_MS);
  expect(await day('DESK')).toBe('g'.repeat(96));
});
