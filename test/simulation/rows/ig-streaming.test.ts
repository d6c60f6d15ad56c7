import { afterEach, describe, expect, test } from 'vitest';
import { answered, broken, exceeded, security, streaming } from '../../support/rows/ig-row.ts';
import { makeWorld, type World } from '../world.ts';
import { expectWell } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, type Scene } from './scene.ts';

let world: World | undefined;
let scene: Scene | undefined;
afterEach(() => {
  world?.stop();
  scene?.stop();
  world = scene = undefined;
});

test("a sub-account's meta holds no streaming tokens: they act on the login's own account", async () => {
  const entry = { broker: 'ig', username: 'desk', password: 'made-up', apiKey: 'key-demo-desk' };
  world = await makeWorld({ entries: [{ ...entry, streaming: true, accounts: ['ZZSUB'] }] });
  await world.runFor(MINUTE_MS);
  expect(world.meta('desk')['streaming']).toMatch(/CST/);
  expect(world.meta('ZZSUB')['accountId']).toBe('ZZSUB');
  expect(world.meta('ZZSUB')).not.toHaveProperty('streaming');
});

describe('streaming tokens that do not come', () => {
  const served = async (): Promise<Scene> => {
    const opened = await openScene({ broker: 'ig', entry: streaming });
    scene = opened;
    await opened.enable();
    await opened.world.runUntil('a token', () => opened.world.token(opened.name) !== undefined, MINUTE_MS);
    return opened;
  };
  const warnings = ({ world: { log } }: Scene): readonly unknown[] =>
    log.filter(({ fields }) => fields['event'] === 'token.incomplete');

  test.each([
    ['a key that may not', 'key_refused', 'endpoint.unavailable.for.api-key', 4],
    ['a quota that stays spent', 'account_quota_exceeded', exceeded('account-allowance'), 5],
    ['a refusal that nobody knows', 'server_fault', security('made-up'), 13],
  ])(
    '%s: the token is served, one warning, soon a call in 15 minutes; closed once they come',
    async (_, code, wire, most) => {
      const here = await served();
      await here.arrange(() => {
        here.stage.setSwitch('ig', 'fetchedTokensOutliveAccess', 'no');
        return answered('session-tokens', 403, wire)(here.stage);
      });
      await here.world.runFor(HOUR_MS);
      expect(here.gaps()).toEqual([]);
      expect(here.world.meta(here.name)).not.toHaveProperty('streaming');
      expect(here.sent('session-tokens').length).toBeGreaterThanOrEqual(4);
      expect(here.sent('session-tokens').length).toBeLessThanOrEqual(most);
      expect(here.opened()).toEqual([`${code} warning`]);
      expect(here.world.openIncidents()).toHaveLength(1);
      expect(warnings(here)).toHaveLength(1);
      here.heal();
      await here.world.runFor(16 * MINUTE_MS);
      expect(here.world.meta(here.name)['streaming']).toMatch(/CST/);
      expectWell(here);
    },
  );

  test('a refusal once they are known to outlive their access token: those there are stay, nothing stays open', async () => {
    const here = await served();
    await here.arrange(() => answered('session-tokens', 403, 'endpoint.unavailable.for.api-key')(here.stage));
    await here.world.runFor(10 * MINUTE_MS);
    expect(here.sent('session-tokens')).toHaveLength(1);
    expect(here.world.meta(here.name)['streaming']).toMatch(/CST/);
    expectWell(here);
  });

  test('an outage of theirs alone: asked with the next renewals, said from the second failure, closed by the first success', async () => {
    const here = await served();
    await here.arrange(() => {
      here.stage.setSwitch('ig', 'fetchedTokensOutliveAccess', 'no');
      return broken('session-tokens', 'html', 503)(here.stage);
    });
    await here.world.runFor(4 * MINUTE_MS);
    expect(here.gaps()).toEqual([]);
    expect(here.sent('session-tokens').length).toBeGreaterThan(4);
    expect(here.opened()).toEqual(['server_fault warning']);
    expect(warnings(here)).toHaveLength(1);
    here.heal();
    await here.world.runFor(MINUTE_MS);
    expect(here.world.meta(here.name)['streaming']).toMatch(/CST/);
    expectWell(here);
  });
});
