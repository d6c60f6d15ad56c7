import { afterEach, expect, test } from 'vitest';
import { makeWorld, type World, type WorldOptions } from './world.ts';

/*
 * One process says that Redis does not take an answer; another one on its disk stores it, and has all well again
 * before the first one's word is in Redis.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const tv = { username: 'TV', password: 'made-up-pass-tv' };
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };

let world: World;
afterEach(() => world.stop());

/** Each process has published a token of TV; then one has said it of the next, and the other has stored that. */
async function untaken(options: Pick<WorldOptions, 'entries' | 'sweepEveryMs'>): Promise<{ teller: string }> {
  world = await makeWorld({ ...options, replicas: 2, sharesDisk: true });
  const published = (): readonly string[] =>
    world.log.flatMap(({ by, fields }) =>
      fields['event'] === 'token.published' && fields['account'] === 'TV' ? [by] : [],
    );
  await world.runUntil('a token of each', () => new Set(published()).size === 2, 24 * HOUR_MS);
  let isCut = false;
  world.onCall(({ username }, what) => {
    if (isCut || username !== 'TV' || what !== 'answered') return;
    isCut = true;
    world.redisNet.cutUntil(world.now() + 65 * SECOND_MS);
  });
  const word = (): string | undefined =>
    world.log.find(({ fields }) => fields['event'] === 'refresh.defect' && fields['account'] === 'TV')?.by;
  await world.runUntil('the word', () => word() !== undefined, 3 * HOUR_MS);
  const teller = word() ?? '';
  // It stands still while Redis comes back, and the other one has the account.
  const stopped = world.replicas().find(({ life }) => life.name === teller);
  stopped?.life.pause(20 * SECOND_MS);
  const before = published().length;
  await world.runUntil('the answer', () => published().length > before, 20 * SECOND_MS);
  expect(published().at(-1)).not.toBe(teller);
  return { teller };
}

/** Something else fails, so that whoever tells of it has to write down what it kept. */
async function elsewhere(): Promise<void> {
  const fault = world.fault({ broker: 'ig', kind: 'unreachable' });
  await world.runFor(3 * MINUTE_MS);
  fault.remove();
}

const isSaid = (): boolean => world.openIncidents().some(({ code }) => code === 'internal');

test('a word that an answer was not stored is taken back within a sweep, whoever stored it', async () => {
  await untaken({ entries: [tv, ig] });
  await elsewhere();
  for (let minutes = 0; minutes < 30; minutes++) {
    await world.runFor(MINUTE_MS);
    expect(isSaid()).toBe(false);
  }
});

test('one whose process died before that ends with the next token, whoever gets it', async () => {
  const { teller } = await untaken({ entries: [tv, ig], sweepEveryMs: HOUR_MS });
  let isDead = false;
  world.onStep(() => {
    if (isDead || !isSaid()) return;
    isDead = true;
    world
      .replicas()
      .find(({ life }) => life.name === teller)
      ?.life.kill();
  });
  await elsewhere();
  expect(isDead).toBe(true);
  expect(isSaid()).toBe(true);
  await world.runUntil('its end', () => !isSaid(), 70 * MINUTE_MS);
});
