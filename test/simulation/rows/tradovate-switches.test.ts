import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { api, apiWith, bridge, renewing } from '../../support/rows/tradovate.ts';
import { secFetch, switchRows } from '../../unit/brokers/tradovate/switch-rows.ts';
import { expectWell, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

interface SwitchRow {
  readonly name: string;
  /** Undefined: the simulator's default. */
  readonly value: unknown;
  readonly says: string;
  readonly entry: RawEntry;
  readonly settings?: Readonly<Record<string, string>>;
  /** Further switches and commands, before the account comes into service. */
  readonly also?: (scene: Scene) => void;
  readonly check: (scene: Scene) => Promise<void>;
}

type Play = Omit<SwitchRow, 'name' | 'value'>;
const LIFE_MS = 80 * MINUTE_MS;
const wrong = { password: 'made-up wrong secret' };
const loginsOf = (scene: Scene): number => scene.sent('authorize', 'access-token-request').length;

/** The service goes on as ever: a live token all the time, and nothing to tell. */
const works = (entry: RawEntry, lifeMs = LIFE_MS, more: Partial<Play> = {}): Play => ({
  says: 'served without a gap over three lifetimes',
  entry,
  ...more,
  async check(scene) {
    await scene.world.runFor(3 * lifeMs);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual([]);
    expect(scene.sent().length).toBeGreaterThanOrEqual(3);
    expectWell(scene);
    await more.check?.(scene);
  },
});

const stops = (entry: RawEntry, code: string): Play => ({
  says: `one login in 3 h, stopped for ${code}`,
  entry,
  async check(scene) {
    await scene.world.runFor(3 * HOUR_MS);
    expect(scene.sent()).toHaveLength(1);
    expect(scene.world.state(scene.name)).toMatchObject({ state: 'stopped', reason: code });
  },
});

/** Five failed logins of others have left the network without any. */
const afterFailures = (entry: RawEntry, waitMs: number, more: Partial<Play> = {}): Play => ({
  says:
    waitMs === 0
      ? 'a token at the first login'
      : `a token at the second login, ${waitMs / SECOND_MS} s later`,
  entry,
  ...more,
  also: ({ world }) => void world.command('tradovate', 'fail-logins'),
  async check(scene) {
    await scene.world.runFor(waitMs + 10 * SECOND_MS);
    const [first, second] = scene.sent();
    expect(loginsOf(scene)).toBe(waitMs === 0 ? 1 : 2);
    if (first && second) expect(second.afterMs - first.afterMs).toBeGreaterThanOrEqual(waitMs);
    expectWell(scene);
  },
});

/** A third login of the user closes the session that is ours, and its renewal is answered so. */
const orphaned = (calls: readonly string[]): Play => ({
  says: `${calls.join(', ')}; no moment without a token`,
  entry: api,
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(MINUTE_MS);
    world.command('tradovate', 'evict', name);
    await world.runFor(65 * MINUTE_MS);
    expect(operations(scene.sent().slice(1))).toEqual(calls);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  },
});

/** It is taken for the limit of a user, whose hour is left alone: its loss alone. */
const orphanWaits = (): Play => ({
  says: 'renew, and an hour later a login; the token served to its end',
  entry: api,
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(MINUTE_MS);
    const end = scene.servedUntil();
    world.command('tradovate', 'evict', name);
    await world.runFor(130 * MINUTE_MS);
    expect(operations(scene.sent().slice(1))).toEqual(['renew', 'access-token-request']);
    expect(scene.gaps().map(({ from }) => from)).toEqual([end]);
    expectWell(scene);
  },
});

/** It is taken for a failing server: renewed in vain, and signed in anew once the token is over. */
const orphanRenews = (): Play => ({
  says: 'renewed in vain to its end, a minute without a token at most, then a login',
  entry: api,
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(MINUTE_MS);
    const end = scene.servedUntil();
    world.command('tradovate', 'evict', name);
    await world.runFor(90 * MINUTE_MS);
    expect(scene.sent('access-token-request')).toHaveLength(2);
    for (const { from, until } of scene.gaps()) {
      expect(from).toBeGreaterThanOrEqual(end - 1);
      expect(until - from).toBeLessThan(MINUTE_MS);
    }
    expectWell(scene);
  },
});

/** Five wrong passwords by the bridge, as another program on the network sends them; then a login. */
const afterWrongPasswords = (logins: number): Play => ({
  says: `a token at login ${logins} after five wrong passwords by the bridge`,
  entry: bridge,
  async check(scene) {
    const { world, stage, name } = scene;
    await world.runFor(MINUTE_MS);
    await scene.arrange(async () => {
      const stranger = { username: name, password: 'made-up wrong secret', apiKey: '' };
      for (let n = 0; n < 5; n += 1) await stage.sendLogin?.('tradovate', stranger);
    });
    const neighbour = { ...bridge, username: 'USER_NEXT' };
    await scene.add(neighbour);
    await world.runFor(MINUTE_MS);
    expect(world.token('USER_NEXT')).toBeDefined();
    const sent = world.calls({ operation: 'authorize' }).filter(({ username }) => username === 'USER_NEXT');
    expect(sent).toHaveLength(logins);
    expectWell(scene);
  },
});

/** Every renewal is penalised once. */
const penalised = (place: string): Play => ({
  says: 'each renewal twice, 15 s apart, the second with what the first was given; no moment without a token',
  entry: api,
  settings: place === 'wait only' ? {} : { TRADOVATE_RENEWAL_TICKET: place },
  also: ({ world }) => world.setSwitch('tradovate', 'limits.renew', 0),
  async check(scene) {
    await scene.world.runFor(3 * LIFE_MS);
    const [login, ...renewals] = scene.sent();
    expect(login?.operation).toBe('access-token-request');
    expect(renewals.length).toBeGreaterThanOrEqual(6);
    expect(operations(renewals).every((each) => each === 'renew')).toBe(true);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  },
});

/** The broker refuses a call for this reason, once. */
const refusedOnce = (code: string, waitMs: number): Play => ({
  says: `${code}: one login more, after ${waitMs / SECOND_MS} s`,
  entry: bridge,
  also: ({ world }) => void world.fault({ broker: 'tradovate', kind: 'throttle', times: 1 }),
  async check(scene) {
    await scene.world.runFor(waitMs + 10 * SECOND_MS);
    const [first, second] = scene.sent();
    expect(loginsOf(scene)).toBe(2);
    expect((second?.afterMs ?? 0) - (first?.afterMs ?? 0)).toBeGreaterThanOrEqual(waitMs);
    expect(scene.opened()).toEqual([`${code} ${waitMs > MINUTE_MS ? 'critical' : 'warning'}`]);
    expectWell(scene);
  },
});

/** Nobody could be reached for six minutes, and whether Tradovate is back is asked by a list without a token. */
const afterOutage = (until: 'it is back' | 'its list is'): Play => ({
  says: `four accounts have a token within a minute once ${until}`,
  entry: bridge,
  async check(scene) {
    const { world, name } = scene;
    const others = ['USER_2', 'USER_3', 'USER_4'];
    const outage = world.fault({ broker: 'tradovate', kind: 'unreachable' });
    await scene.add(...others.map((username) => ({ ...bridge, username })));
    await world.runFor(6 * MINUTE_MS);
    outage.remove();
    if (until === 'its list is') {
      await world.runFor(2 * MINUTE_MS);
      expect(scene.sent('authorize').filter(({ status }) => status !== undefined)).toEqual([]);
      world.setSwitch('tradovate', 'bridge.unauthorized', 401);
    }
    await world.runFor(MINUTE_MS);
    for (const each of [name, ...others]) expect(world.token(each)).toBeDefined();
    expect(world.calls({ operation: 'bridge-accounts' }).length).toBeGreaterThan(0);
    expectWell(scene);
  },
});

/** Each token is replaced by a login, once its renewal was refused. */
const renewsInVain = (): Play => ({
  says: 'one login a life, no gap; after three lives one warning that renewing is useless, until a renewal works',
  entry: renewing,
  async check(scene) {
    const { world } = scene;
    await world.runFor(3 * 62 * MINUTE_MS - MINUTE_MS);
    expect(operations(scene.sent())).toEqual(['authorize', 'renew', 'authorize', 'renew', 'authorize']);
    expect(scene.opened()).toEqual([]);
    expect(await scene.message()).not.toContain('renew');
    await world.runFor(7 * LIFE_MS);
    await scene.restart();
    await world.runFor(LIFE_MS);
    expect(scene.opened()).toEqual(['renewals_in_vain warning']);
    expect(await scene.message()).toContain('the last ones before it could not be renewed');
    expect(scene.sent('authorize').length).toBe(scene.sent('renew').length + 1);
    world.setSwitch('tradovate', 'bridge.renewable', 'on');
    await world.runFor(LIFE_MS);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toHaveLength(1);
    expect(await scene.message()).not.toContain('renew');
    expectWell(scene);
  },
});

const meta = (field: string, isThere: boolean): Partial<Play> => ({
  check: ({ world, name }) => {
    expect(field in world.meta(name)).toBe(isThere);
    return Promise.resolve();
  },
});

const serves = (entry: RawEntry, names: (scene: Scene) => readonly string[], count: number): Play =>
  works({ ...entry, discoverAccounts: true }, LIFE_MS, {
    says: `served without a gap, to ${count} sub-accounts`,
    check: async (scene) => {
      const keys = await scene.world.redis.lrange(scene.name, 0, -1);
      expect(keys).toHaveLength(1 + count);
      for (const name of names(scene)) expect(scene.world.token(name)).toBe(scene.world.token(scene.name));
    },
  });

/** The limit of `me` is used up, and new tokens are proved. */
const provedAfterPenalties = (ends: boolean): Play => ({
  says: ends
    ? 'the new token proved and served after the wait'
    : 'a proof each wait at most, no more than their limit, and the new token served once it is proved',
  entry: { ...bridge, verify: true },
  also: ({ world }) => world.setSwitch('tradovate', 'limits.me', 0),
  async check(scene) {
    const { world } = scene;
    await world.runFor(HOUR_MS);
    const proofs = scene.sent('me').map(({ afterMs }) => afterMs);
    const waits = proofs.slice(1).map((at, i) => at - (proofs[i] ?? 0));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(30 * SECOND_MS);
    expect(proofs.length).toBeLessThanOrEqual(ends ? 2 : 10);
    if (!ends) world.setSwitch('tradovate', 'limits.me', undefined);
    await world.runFor(ends ? 0 : LIFE_MS);
    expectWell(scene);
  },
});

/** One call an hour is let through: of the network without a token, or of the user with one. */
const quotaSpent = (of: 'network' | 'user'): Play => ({
  says:
    of === 'network'
      ? 'the second account waits for the hour, the first is served'
      : 'its list an hour later, the token served all the time',
  entry: { ...bridge, ...(of === 'user' && { verify: true, discoverAccounts: true }) },
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(MINUTE_MS);
    expect(world.token(name)).toBeDefined();
    if (of === 'network') await scene.add({ ...bridge, username: 'USER_2' });
    await world.runFor(MINUTE_MS);
    expect(world.token('USER_2')).toBeUndefined();
    // Who has no token for an hour is worse off than who has no list.
    expect(scene.opened()).toEqual([`rate_limited ${of === 'network' ? 'critical' : 'warning'}`]);
    const refused = world.calls().filter(({ status }) => status === 429);
    expect(refused).toHaveLength(1);
    // The hour is left alone: each call would begin it anew.
    const at = refused[0]?.deliveredAt ?? 0;
    world.setSwitch('tradovate', `limits.${of === 'network' ? 'anonymous' : 'user'}`, 100);
    await world.runFor(at + HOUR_MS - SECOND_MS - world.now());
    const since = world.calls().filter(({ startedAt }) => startedAt > at);
    expect(since).toEqual([]);
    await world.runFor(LIFE_MS);
    if (of === 'network') expect(world.token('USER_2')).toBeDefined();
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  },
});

const row = (name: string, value: unknown, play: Play): SwitchRow => ({ name, value, ...play });
const none = (): readonly string[] => [];

const rows: readonly SwitchRow[] = [
  row('lifetimeSeconds', 4_800, works(api)),
  row('lifetimeSeconds', 5_400, works(bridge, 90 * MINUTE_MS)),
  row('lifetimeSeconds', 60, works(bridge, MINUTE_MS)),
  row('badCredentials', '200-errorText', stops({ ...api, ...wrong }, 'bad_credentials')),
  row('badCredentials', '401', stops({ ...api, ...wrong }, 'bad_credentials')),
  ...['s', 'ms', 'absent', 'string'].map((value) => row('bridge.expiration', value, works(bridge))),
  ...[200, 401, 403].map((value) =>
    row('bridge.errorStatus', value, stops({ ...bridge, ...wrong }, 'bad_credentials')),
  ),
  row('bridge.errmsg', 'as the API', stops({ ...bridge, ...wrong }, 'bad_credentials')),
  row('bridge.errmsg', 'Invalid credentials', stops({ ...bridge, ...wrong }, 'bad_credentials')),
  row('bridge.errmsg', 'Second factor needed', stops({ ...bridge, ...wrong }, 'login_refused')),
  ...['TemporaryLocked', 'TemporarilyLocked'].map((value) =>
    row('lockedStatus', value, {
      ...stops(api, 'locked_out'),
      also: ({ world }) => void world.command('tradovate', 'user-status', 'USER_API'),
    }),
  ),
  row('bridge.countsAsSession', 'on', works(bridge)),
  row('bridge.countsAsSession', 'off', works(bridge)),
  row('bridge.countsForLimits', 'on', afterWrongPasswords(2)),
  row('bridge.countsForLimits', 'off', afterWrongPasswords(1)),
  row('bridge.penalties', 'on', afterFailures(bridge, 15 * SECOND_MS)),
  row('bridge.penalties', 'off', afterFailures(bridge, 0)),
  row('bridge.accept', 'form or json', works(bridge)),
  row('bridge.accept', 'form', works(bridge)),
  row(
    'bridge.browserHeaders',
    'not needed',
    works(bridge, LIFE_MS, { settings: { TRADOVATE_BRIDGE_ORIGIN: 'none' } }),
  ),
  row('bridge.browserHeaders', 'needed', works(bridge)),
  row('bridge.browserHeaders', 'accept-language', works(bridge)),
  row('bridge.browserHeaders', 'user-agent', stops(bridge, 'login_refused')),
  row('bridge.browserHeaders', 'sec-fetch', works(bridge, LIFE_MS, { settings: secFetch })),
  ...['errmsg', 'errorText'].map((value) =>
    row('bridge.errorField', value, stops({ ...bridge, ...wrong }, 'bad_credentials')),
  ),
  ...[401, 403, 404].map((value) => row('bridge.unauthorized', value, afterOutage('it is back'))),
  row('bridge.unauthorized', 'page', afterOutage('its list is')),
  row('mePenalty', 'wait only', provedAfterPenalties(true)),
  row('mePenalty', 'ticket', provedAfterPenalties(false)),
  row('bridge.renewable', 'on', works(renewing)),
  row('bridge.renewable', 'off', renewsInVain()),
  ...['valid', 'dead', 60, 30].map((value) => row('oldTokenAfterRenew', value, works(api))),
  row('mdAccessToken', 'login only', works(api, LIFE_MS, meta('mdAccessToken', false))),
  row('mdAccessToken', 'login+renew', works(api, LIFE_MS, meta('mdAccessToken', true))),
  row('mdAccessToken', 'never', works(api, LIFE_MS, meta('mdAccessToken', false))),
  ...['wait only', 'query', 'header'].map((value) => row('renewPenalty', value, penalised(value))),
  row('captchaOnLoginPenalty', 'conditional', afterFailures(api, 15 * SECOND_MS)),
  row('captchaOnLoginPenalty', 'always', afterFailures(api, HOUR_MS)),
  row('orphanAnswer', 401, orphaned(['renew', 'access-token-request'])),
  ...[408, 429, 500].map((value) =>
    row('orphanAnswer', value, orphaned(['renew', 'me', 'access-token-request'])),
  ),
  row('orphanAnswer', '429-empty', orphanWaits()),
  row('orphanAnswer', '500-error-id', orphanRenews()),
  row('expirationFraction', 'present', works(api)),
  row('expirationFraction', 'absent', works(api)),
  row('cidAsString', 'accepted', works(apiWith({ cid: '1234' }))),
  row('cidAsString', 'refused', works(apiWith({ cid: '1234' }))),
  row('apiKeyNeeded', 'off', works(api)),
  row('apiKeyNeeded', 'on', works(api)),
  row('deviceIdEnforced', 'off', serves(apiWith({ deviceId: 'wrong-device' }), none, 3)),
  row('deviceIdEnforced', 'on', {
    says: 'served without a gap, to no sub-account; a warning, until the list comes',
    entry: { ...apiWith({ deviceId: 'wrong-device' }), discoverAccounts: true },
    async check(scene) {
      const { world, name } = scene;
      await world.runFor(3 * LIFE_MS);
      expect(await world.redis.lrange(name, 0, -1)).toHaveLength(1);
      expect(scene.gaps()).toEqual([]);
      expect(scene.opened()).toEqual(['access_denied warning']);
      expect(world.openIncidents().map(({ accounts }) => accounts)).toEqual([[name]]);
      world.setSwitch('tradovate', 'deviceIdEnforced', 'off');
      await world.runFor(LIFE_MS);
      expect(await world.redis.lrange(name, 0, -1)).toHaveLength(4);
      expectWell(scene);
    },
  }),
  row('deviceApproval', 'off', works(api)),
  row('deviceApproval', 'on', {
    says: 'one login in 3 h; stopped; a token at once when the device is approved and a person allows one more try',
    entry: api,
    async check(scene) {
      const { world, name } = scene;
      await stops(api, 'device_unapproved').check(scene);
      world.command('tradovate', 'approve-devices', name);
      await world.requestRefresh(name, true);
      await world.runFor(5 * SECOND_MS);
      expect(loginsOf(scene)).toBe(2);
      expectWell(scene);
    },
  }),
  row('apiHosts', 'off', works(api)),
  row('apiHosts', 'on', works(api)),
  row('accountNames', undefined, serves(bridge, none, 3)),
  row(
    'accountNames',
    ['APEX_1', 'no key: a b', 'x'.repeat(65), '', 'APEX_1'],
    serves(bridge, () => ['APEX_1'], 1),
  ),
  row('limits', 'documented', works(api)),
  row('limits', 'random', works(api)),
  row('limits.login', 6, afterFailures(api, 0)),
  row('limits.renew', 3, works(api)),
  row('limits.me', 0, {
    says: 'a proof after 30 s; the old token served meanwhile',
    entry: { ...bridge, verify: true },
    async check(scene) {
      await scene.world.runFor(MINUTE_MS);
      expect(operations(scene.sent())).toEqual(['authorize', 'me', 'me']);
      expect((scene.sent()[2]?.afterMs ?? 0) - (scene.sent()[1]?.afterMs ?? 0)).toBeGreaterThanOrEqual(
        30 * SECOND_MS,
      );
      expectWell(scene);
    },
  }),
  row('penaltySeconds', 2, afterFailures(api, 2 * SECOND_MS)),
  row('limits.anonymous', 1, quotaSpent('network')),
  row('limits.user', 1, quotaSpent('user')),
  row('limits.perMinute', 'off', works(api)),
  row('limits.perMinute', 10, works(api)),
  row('throttleWith', 'ticket', refusedOnce('time_penalty', 15 * SECOND_MS)),
  row('throttleWith', 'captcha', refusedOnce('captcha', HOUR_MS)),
  row('throttleWith', '423', refusedOnce('lockout_near', HOUR_MS)),
  row('throttleWith', '429', refusedOnce('rate_limited', HOUR_MS)),
];

let scene: Scene | undefined;
afterEach(() => scene?.stop());

const written = ({ name, value }: Pick<SwitchRow, 'name' | 'value'>): string =>
  `${name} ${value === undefined ? 'default' : JSON.stringify(value)}`;

describe('switch -> what the service does', () => {
  test.each(rows.map((each) => [`${written(each)} -> ${each.says}`, each] as const))(
    '%s',
    async (_name, each) => {
      const { entry, settings, name, value, also, check } = each;
      scene = await openScene({ broker: 'tradovate', entry, ...(settings && { settings }) });
      if (value !== undefined) scene.stage.setSwitch('tradovate', name, value);
      also?.(scene);
      await scene.arrange(() => undefined);
      await scene.enable();
      await check(scene);
    },
  );

  test('every value of every switch is here', () => {
    expect(rows.map(written).toSorted()).toEqual(switchRows.map(written).toSorted());
  });
});
