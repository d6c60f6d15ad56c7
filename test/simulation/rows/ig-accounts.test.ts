import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { RawEntry } from '../../../src/core/broker.ts';
import { personOf } from '../../../src/brokers/ig/simulator-answers.ts';
import { answered, broken, exceeded, streaming, v2, v3 } from '../../support/rows/ig-row.ts';
import { apart } from './ig-time.ts';
import { expectWell, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/* Account ids that an entry names and IG does not list: nothing else than a bot's refused order would tell. */

const username = String(v3.username);
/** No account's id holds "wrong" at the simulated IG; all others that an entry names are the login's. */
const good = { ...v3, accountId: 'ZZAAA', accounts: ['ZZSUB'] };
const mistyped = { ...v3, accountId: 'DESKWRONG', accounts: ['DESKWRON'] };

let scene: Scene;
afterEach(() => scene.stop());

const open = async (entry: RawEntry): Promise<Scene> => {
  scene = await openScene({ broker: 'ig', entry });
  await scene.arrange(() => undefined);
  return scene;
};
const change = async (entry: RawEntry): Promise<void> => {
  scene.world.writeEntries([{ broker: 'ig', ...entry }]);
  await scene.world.reload();
};
const accountOf = (name: string): string | undefined =>
  z.record(z.string(), z.string()).parse(JSON.parse(scene.world.meta(name)['headers'] ?? '{}'))[
    'IG-ACCOUNT-ID'
  ];
const reasons = (): readonly string[] => scene.world.openIncidents().map(({ reason }) => reason);

describe('accounts that IG lists', () => {
  test('one list with the first login, and no other in three hours', async () => {
    const { world, ...here } = await open(good);
    await here.enable();
    await world.runFor(3 * HOUR_MS);
    expect(operations(here.sent()).slice(0, 3)).toEqual(['login', 'accounts', 'refresh-token']);
    expect(here.sent('accounts')).toHaveLength(1);
    // On the default account: whether IG answers on one that is none is not known.
    expect(here.sent('accounts')[0]?.call.request.headers['ig-account-id']).toBe(
      personOf(username).accountId,
    );
    expect(here.gaps()).toEqual([]);
    expect(here.opened()).toEqual([]);
    expectWell(scene);
  });

  test.each([
    ['none', v3],
    ['the default one', { ...v3, accountId: personOf(username).accountId }],
  ])('an entry that names %s: no list at all', async (_, entry) => {
    const { world, ...here } = await open(entry);
    await here.enable();
    await world.runFor(HOUR_MS);
    expect(here.sent('accounts')).toEqual([]);
    expectWell(scene);
  });

  test('another account in the entry: a list where the last one lacks it, none where it has it', async () => {
    const { world, ...here } = await open(good);
    await here.enable();
    await world.runFor(MINUTE_MS);
    await change({ ...v3, accountId: 'ZZSUB' });
    await world.runFor(MINUTE_MS);
    expect(here.sent('accounts')).toHaveLength(1);
    await change({ ...v3, accountId: 'ZZNEW' });
    await world.runFor(MINUTE_MS);
    expect(here.sent('accounts')).toHaveLength(2);
    expect(accountOf(username)).toBe('ZZNEW');
    expectWell(scene);
  });
});

describe('an account that IG does not list', () => {
  test('at the first login: served, one warning that says which is meant; a list each 15 min, no login', async () => {
    const { world, ...here } = await open(mistyped);
    await here.enable();
    await world.runFor(5 * SECOND_MS);
    expect(operations(here.sent())).toEqual(['login', 'accounts']);
    expect(accountOf(username)).toBe('DESKWRONG');
    expect(here.opened()).toEqual(['account_refused warning']);
    expect(reasons()).toEqual([
      expect.stringContaining("DESKWRONG is none of this login's accounts (did you mean DESKWRON?)"),
    ]);
    await world.runFor(HOUR_MS);
    expect(here.sent('login')).toHaveLength(1);
    expect(here.sent('accounts')).toHaveLength(4);
    expect(Math.min(...apart(here.sent('accounts')))).toBeGreaterThanOrEqual(15 * MINUTE_MS);
    expect(here.gaps()).toEqual([]);
    expect(here.opened()).toHaveLength(1);

    await change({ ...mistyped, accountId: 'DESKWRON', accounts: [] });
    await world.runFor(3 * SECOND_MS);
    expect(accountOf(username)).toBe('DESKWRON');
    expect(world.openIncidents()).toEqual([]);
    await world.runFor(HOUR_MS);
    expect(here.sent('accounts')).toHaveLength(4);
    expect(here.gaps()).toEqual([]);
    expectWell(scene);
  });

  test('of several: the wrong one alone is named, with what the login has; the others are served', async () => {
    const { world, ...here } = await open({ ...v3, accounts: ['ZZSUB', 'ZZ-WRONG-ONE'] });
    await here.enable();
    await world.runFor(5 * SECOND_MS);
    expect(here.opened()).toEqual(['account_refused warning']);
    const { accountIds } = personOf(username);
    expect(reasons()[0]).toContain(
      `ZZ-WRONG-ONE is none of this login's accounts (it has ${[...accountIds, 'ZZSUB'].join(', ')})`,
    );
    expect(reasons()[0]).not.toContain('ZZSUB is none');
    expect(accountOf('ZZSUB')).toBe('ZZSUB');
  });

  test('that an entry gets while it is served: said with the renewal that follows at once', async () => {
    const { world, ...here } = await open(v3);
    await here.enable();
    await world.runFor(MINUTE_MS);
    await here.arrange(() => change({ ...v3, accountId: 'ZZWRONG' }));
    await world.runFor(5 * SECOND_MS);
    expect(operations(here.sent())).toEqual(['refresh-token', 'accounts']);
    expect(here.opened()).toEqual(['account_refused warning']);
    expect(here.gaps()).toEqual([]);
  });

  test('beside streaming tokens that do not come: it has the word, then they', async () => {
    const { world, ...here } = await open({ ...streaming, accountId: 'ZZWRONG' });
    void answered('session-tokens', 403, 'endpoint.unavailable.for.api-key')(here.stage);
    await here.enable();
    await world.runFor(5 * MINUTE_MS);
    expect(here.opened()).toEqual(['account_refused warning']);
    await change({ ...streaming });
    await world.runFor(5 * MINUTE_MS);
    expect(here.opened()).toEqual(['account_refused warning', 'key_refused warning']);
    expect(here.gaps()).toEqual([]);
  });

  test('in v2: the switch is refused, and the alert says which is meant', async () => {
    const { world, name, ...here } = await open({ ...v2, accountId: 'DESKWRONG' });
    await here.enable();
    await world.runFor(HOUR_MS);
    expect(operations(here.sent())).toEqual(['login', 'switch-account', 'logout']);
    expect(world.state(name)).toMatchObject({ state: 'stopped', reason: 'account_refused' });
    expect(reasons()[0]).toContain(
      `DESKWRONG is none of this login's accounts (it has ${personOf(username).accountIds.join(', ')})`,
    );
  });
});

describe('a list that does not come -> served, no alert, asked again after 15 min', () => {
  test.each([
    ['a spent quota', answered('accounts', 403, exceeded('account-allowance'))],
    ['a page with 503', broken('accounts', 'html', 503)],
    ['a refusal', answered('accounts', 403, 'endpoint.unavailable.for.api-key')],
    ['no answer', broken('accounts', 'drop')],
    ['no answer in time', broken('accounts', 'stall')],
  ])('%s', async (_, arrange) => {
    const { world, ...here } = await open({ ...v3, accountId: 'ZZWRONG' });
    await arrange(here.stage);
    await here.enable();
    await world.runFor(5 * SECOND_MS);
    expect(world.token(username)).toBeDefined();
    await world.runFor(14 * MINUTE_MS);
    expect(here.sent('accounts')).toHaveLength(1);
    expect(here.sent('login')).toHaveLength(1);
    expect(here.opened()).toEqual([]);
    here.heal();
    await world.runFor(2 * MINUTE_MS);
    expect(here.sent('accounts')).toHaveLength(2);
    expect(here.opened()).toEqual(['account_refused warning']);
    expect(here.gaps()).toEqual([]);
  });
});
