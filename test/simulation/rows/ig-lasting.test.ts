import { afterEach, describe, expect, test } from 'vitest';
import { answered, broken, exceeded, v3 } from '../../support/rows/ig-row.ts';
import { expectWell } from './next.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/* What IG says for minutes on end: the rows of the table, and no word of theirs taken back. */

let scene: Scene;
afterEach(() => scene.stop());

const open = async (more: object = {}): Promise<Scene> => {
  scene = await openScene({ broker: 'ig', entry: { ...v3, ...more } });
  await scene.enable();
  await scene.world.runUntil('a token', () => scene.world.token(scene.name) !== undefined, MINUTE_MS);
  return scene;
};
const apart = (operation: string): readonly number[] => {
  const at = scene.sent(operation).map(({ afterMs }) => afterMs);
  return at.slice(1).map((each, i) => each - (at[i] ?? 0));
};

describe('an answer that lasts', () => {
  test.each([
    ['a page with 503', broken('session', 'html', 503)],
    ['a spent quota', answered('session', 403, exceeded('account-allowance'))],
  ])(
    '%s, to each proof for ten minutes: a login a minute at most, no refresh token twice, one alert',
    async (_, arrange) => {
      const { world, name } = await open({ verify: true });
      await scene.arrange(() => arrange(scene.stage));
      await world.runFor(10 * MINUTE_MS);
      expect(Math.min(...apart('login'))).toBeGreaterThanOrEqual(MINUTE_MS - SECOND_MS);
      expect(scene.sent('refresh-token')).toHaveLength(1);
      expect(world.token(name)).toBeUndefined();
      expect(world.openIncidents().map(({ accounts }) => accounts)).toEqual([[name]]);
      scene.heal();
      // Each login counts as one that nobody answered: past three they are paced.
      await world.runUntil('a token', () => world.token(name) !== undefined, 16 * MINUTE_MS);
      expectWell(scene);
    },
  );

  test.each(['login', 'refresh-token'])(
    'a spent quota, to each %s: left alone for 10, 20, 40 and then 60 s',
    async (operation) => {
      const { world, name } = await open();
      const isLogin = operation === 'login';
      await scene.arrange(() => {
        if (isLogin) world.command('ig', 'expire-all');
        return answered(operation, 403, exceeded('account-allowance'))(scene.stage);
      });
      await world.runFor(6 * MINUTE_MS);
      const waits = [10, 20, 40, 60, 60].map((seconds) => seconds * SECOND_MS);
      for (const [i, wait] of waits.entries()) {
        expect(apart(operation)[i]).toBeGreaterThanOrEqual(wait);
        expect(apart(operation)[i]).toBeLessThan(wait + 4 * SECOND_MS);
      }
      scene.heal();
      await world.runUntil('a token', () => world.state(name)['state'] === 'fresh', 65 * SECOND_MS);
      expectWell(scene);
    },
  );
});
