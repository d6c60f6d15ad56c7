import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { answered, broken, exceeded, security, streaming } from '../../support/rows/ig-row.ts';
import { makeWorld, type World } from '../world.ts';
import { apart } from './ig-time.ts';
import { expectWell, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

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
  const opening = async (): Promise<Scene> => {
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
      const here = await opening();
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
    const here = await opening();
    await here.arrange(() => answered('session-tokens', 403, 'endpoint.unavailable.for.api-key')(here.stage));
    await here.world.runFor(10 * MINUTE_MS);
    expect(here.sent('session-tokens')).toHaveLength(1);
    const { streaming: served = '{}' } = here.world.meta(here.name);
    const { CST, expiresAt } = z.record(z.string(), z.string()).parse(JSON.parse(served));
    expect(CST).toBeDefined();
    // As long as a pair of headers lives unused.
    expect(Date.parse(expiresAt ?? '') - here.world.now()).toBeGreaterThan(5.5 * HOUR_MS);
    expectWell(here);
  });

  test('an outage of theirs alone: asked with the next renewals, said from the second failure, closed by the first success', async () => {
    const here = await opening();
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

describe('streaming tokens that do not come while the new token cannot be proved', () => {
  const refused = answered('session-tokens', 403, 'endpoint.unavailable.for.api-key');
  /** Served, with its streaming tokens on trial: each renewal fetches others. */
  const served = async (): Promise<Scene> => {
    const opened = await openScene({ broker: 'ig', entry: { ...streaming, verify: true } });
    scene = opened;
    opened.stage.setSwitch('ig', 'fetchedTokensOutliveAccess', 'no');
    await opened.enable();
    await opened.world.runFor(50 * SECOND_MS);
    expect(operations(opened.sent())).toEqual([
      ...['login', 'session-tokens', 'session'],
      ...['refresh-token', 'session-tokens', 'session'],
    ]);
    return opened;
  };
  const causes = ({ world }: Scene): readonly string[] =>
    world.openIncidents().flatMap(({ code, accounts }) => (accounts.length > 0 ? [code] : []));
  const failProofs = ({ world }: Scene, times: number): void =>
    void world.fault({ broker: 'ig', operation: 'session', kind: 'html', status: 503, times });

  test('for a moment: the old token meanwhile, the new one once it is proved, then one warning', async () => {
    const here = await served();
    const { world, name } = here;
    await here.arrange(async () => {
      await refused(here.stage);
      // The look after the first pair is one of them.
      failProofs(here, 2);
    });
    const oldEnd = here.servedUntil();
    const old = { token: world.token(name), streaming: world.meta(name)['streaming'] };
    await world.runUntil('a proof', () => here.sent('session').length > 1, MINUTE_MS);
    await world.runFor(SECOND_MS);
    expect(world.state(name)).toMatchObject({ state: 'fresh', reason: 'proof_pending' });
    // Nothing of the new session is seen before it is proved, nor is anything said of what it lacks.
    expect({ token: world.token(name), streaming: world.meta(name)['streaming'] }).toEqual(old);
    expect(here.opened()).toEqual([]);
    await world.runUntil('its token', () => world.token(name) !== old.token, 20 * SECOND_MS);
    expect(operations(here.sent())).toEqual([
      ...['refresh-token', 'session', 'session-tokens'],
      ...['session', 'session'],
    ]);
    // The old ones, and until when: the end of their own access token, which is not the new one's.
    const kept = z.record(z.string(), z.string()).parse(JSON.parse(world.meta(name)['streaming'] ?? '{}'));
    expect(world.meta(name)['streaming']).toBe(old.streaming);
    expect(kept['expiresAt']).toBe(new Date(oldEnd).toISOString());
    expect(here.opened()).toEqual(['key_refused warning']);
    await world.runFor(MINUTE_MS);
    expect(world.meta(name)).not.toHaveProperty('streaming');
    await world.runFor(9 * MINUTE_MS);
    expect(here.sent('session-tokens')).toHaveLength(1);
    expect(here.sent('login')).toEqual([]);
    expect(here.opened()).toEqual(['key_refused warning']);
    here.heal();
    await world.runFor(6 * MINUTE_MS);
    expect(world.meta(name)['streaming']).toMatch(/CST/);
    expect(here.gaps()).toEqual([]);
    expectWell(here);
  });

  test('for ten minutes: one refresh, a login a minute at most, one cause at a time; each is over by itself', async () => {
    const here = await served();
    const { world, name } = here;
    await here.arrange(async () => {
      await refused(here.stage);
      failProofs(here, 1_000);
    });
    const oldEnd = here.servedUntil();
    await world.runFor(10 * MINUTE_MS);
    // The key ends by when its call was noted: the disk, which is told in between, took some ms.
    expect(here.gaps()[0]?.from).toBeGreaterThanOrEqual(oldEnd - 15);
    expect(here.sent('refresh-token')).toHaveLength(1);
    const logins = here.sent('login');
    expect(logins.length).toBeGreaterThan(2);
    expect(Math.min(...apart(logins))).toBeGreaterThanOrEqual(MINUTE_MS - SECOND_MS);
    // Asked for once with each session, whatever the last one was told.
    expect(here.sent('session-tokens')).toHaveLength(1 + logins.length);
    expect(causes(here)).toEqual(['server_fault']);

    world.clearFaults();
    await world.runUntil('a token', () => world.token(name) !== undefined, 16 * MINUTE_MS);
    await world.runFor(SECOND_MS);
    expect(causes(here)).toEqual(['key_refused']);
    expect(world.meta(name)).not.toHaveProperty('streaming');
    here.heal();
    await world.runFor(16 * MINUTE_MS);
    expect(world.meta(name)['streaming']).toMatch(/CST/);
    expectWell(here);
  });
});
