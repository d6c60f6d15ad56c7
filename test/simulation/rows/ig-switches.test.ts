import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { RawEntry } from '../../../src/core/broker.ts';
import { personOf } from '../../../src/brokers/ig/simulator-answers.ts';
import { streaming, v2, v3 } from '../../support/rows/ig-row.ts';
import { rows as named } from '../../support/rows/ig.ts';
import { quotaSwitches } from './ig-quota-rows.ts';
import { apart, awayFor } from './ig-time.ts';
import { expectWell, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';
import type { World } from '../world.ts';

/** A value of a switch that one answer does not show: what the service does over time, with the calls counted. */
interface SwitchRow {
  readonly name: string;
  readonly value: unknown;
  readonly says: string;
  readonly entry: RawEntry;
  readonly settings?: Readonly<Record<string, string>>;
  /** Further switches. */
  readonly also?: Readonly<Record<string, unknown>>;
  readonly check: (scene: Scene) => Promise<void>;
}

type Play = Omit<SwitchRow, 'name' | 'value'>;
const row = (name: string, value: unknown, play: Play): SwitchRow => ({ name, value, ...play });

const logins = (scene: Scene): number => scene.sent('login').length;
const expectNoGap = (scene: Scene): void => {
  expect(scene.gaps()).toEqual([]);
  expect(scene.opened()).toEqual([]);
  expectWell(scene);
};

const signsInIn = (hours: number, least: number, most: number): Play => ({
  says: `${least === most ? most : `${least} or ${most}`} logins in ${hours} h, no moment without a token`,
  entry: v3,
  async check(scene) {
    await scene.world.runFor(hours * HOUR_MS);
    expect(logins(scene)).toBeGreaterThanOrEqual(least);
    expect(logins(scene)).toBeLessThanOrEqual(most);
    expectNoGap(scene);
  },
});

/** The word of the answer is obeyed, whatever its length. */
const renewsAtItsShare = (lifeS: number): Play => ({
  says: `a refresh each ${0.55 * lifeS} to ${0.6 * lifeS} s, one login`,
  entry: v3,
  async check(scene) {
    await scene.world.runFor(20 * lifeS * SECOND_MS);
    const waits = apart(scene.sent('login', 'refresh-token'));
    expect(waits.length).toBeGreaterThan(30);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0.55 * lifeS * SECOND_MS - SECOND_MS);
    expect(Math.max(...waits)).toBeLessThan(0.6 * lifeS * SECOND_MS + 2 * SECOND_MS);
    expect(logins(scene)).toBe(1);
    expectNoGap(scene);
  },
});

const fetches = (outlives: boolean): Play => ({
  says: outlives
    ? 'two fetches of streaming tokens in 20 min, the first one tried once'
    : 'a fetch with each access token',
  entry: streaming,
  async check(scene) {
    await scene.world.runFor(20 * MINUTE_MS);
    const renewals = scene.sent('refresh-token').length;
    expect(renewals).toBeGreaterThan(30);
    expect(scene.sent('session-tokens')).toHaveLength(outlives ? 2 : renewals + 1);
    expect(scene.sent('session')).toHaveLength(1);
    expect(logins(scene)).toBe(1);
    expectNoGap(scene);
  },
});

/** The process is away: nobody uses or renews what it has got. */
const afterAway = (awayMs: number, calls: readonly string[], more: Partial<Play> = {}): Play => ({
  says: `${calls.join(', ')} once it is back after ${awayMs >= HOUR_MS ? `${awayMs / HOUR_MS} h` : `${awayMs / MINUTE_MS} min`}`,
  entry: v3,
  ...more,
  async check(scene) {
    await scene.world.runFor(20 * SECOND_MS);
    expect(operations(scene.sent())).toEqual(['login']);
    await awayFor(scene.world, awayMs);
    await scene.world.runFor(20 * SECOND_MS);
    expect(operations(scene.sent()).slice(1)).toEqual(calls);
    expectWell(scene);
  },
});

const halfDay = { entry: v2, settings: { IG_V2_LIFETIME_SECONDS: String((12 * HOUR_MS) / SECOND_MS) } };

/** "A pre-configured amount of time": 75 min, where six hours are planned with. */
const endsEarly: Play = {
  says: 'found dead by the next half-hourly proof, withdrawn, then one login each time',
  entry: v2,
  async check(scene) {
    const { world } = scene;
    await world.runFor(5.5 * HOUR_MS);
    const at = scene.sent('login').map(({ afterMs }) => afterMs);
    expect(at).toHaveLength(4);
    for (const wait of apart(scene.sent('login'))) {
      expect(wait).toBeGreaterThanOrEqual(1.5 * HOUR_MS - MINUTE_MS);
      expect(wait).toBeLessThan(1.5 * HOUR_MS + MINUTE_MS);
    }
    const dead = scene.sent('session').filter(({ status }) => status === 401);
    expect(dead).toHaveLength(at.length - 1);
    for (const { from, until } of scene.gaps()) expect(until - from).toBeLessThan(2 * SECOND_MS);
    expectWell(scene);
  },
};

/** The same where the setting says it: a new pair before the old one ends. */
const endsAsPlanned: Play = {
  says: 'with IG_V2_LIFETIME_SECONDS=3600 a login each 45 to 48 min, never a dead pair',
  entry: v2,
  settings: { IG_V2_LIFETIME_SECONDS: '3600' },
  async check(scene) {
    await scene.world.runFor(6 * HOUR_MS);
    for (const wait of apart(scene.sent('login'))) {
      expect(wait).toBeGreaterThanOrEqual(45 * MINUTE_MS - SECOND_MS);
      expect(wait).toBeLessThan(48 * MINUTE_MS + MINUTE_MS);
    }
    expect(scene.sent('session').filter(({ status }) => status !== 200)).toEqual([]);
    expect(logins(scene)).toBe(8);
    expectNoGap(scene);
  },
};

const onDefault = { ...v2, accountId: personOf(String(v2.username)).accountId };
const told = { loginNamesAccount: 'no' };
/** The login did not say that it is there already. */
const isThere: Play = {
  says: 'login and switch, which is refused: served on that account, no alert',
  entry: onDefault,
  also: told,
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(3 * HOUR_MS);
    expect(operations(scene.sent()).slice(0, 2)).toEqual(['login', 'switch-account']);
    expect(logins(scene)).toBe(1);
    expect(world.meta(name)['accountId']).toBe(onDefault.accountId);
    // Half-hourly proofs find the pair where it is said to be.
    expect(scene.sent('session').length).toBeGreaterThanOrEqual(5);
    expectNoGap(scene);
  },
};

const rows: readonly SwitchRow[] = [
  row('sessionMax', 'none', signsInIn(1, 1, 1)),
  row('sessionMax', 600, signsInIn(1, 6, 7)),
  ...[30, 60, 120].map((seconds) => row('accessTtl', seconds, renewsAtItsShare(seconds))),
  row('refreshTtl', 600, afterAway(6 * MINUTE_MS, ['refresh-token'])),
  row('refreshTtl', 300, afterAway(6 * MINUTE_MS, ['refresh-token', 'login'])),
  row('v2Lifetime', '6h-72h', afterAway(7 * HOUR_MS, ['session', 'login'], halfDay)),
  row('v2Lifetime', '12h-rolling', afterAway(7 * HOUR_MS, ['session'], halfDay)),
  row('v2Lifetime', 4_500, endsEarly),
  row('v2Lifetime', 3_600, endsAsPlanned),
  row('fetchedTokensOutliveAccess', 'yes', fetches(true)),
  row('fetchedTokensOutliveAccess', 'no', fetches(false)),
  ...[412, 400].map((status) => row('sameAccountStatus', status, isThere)),
  row('loginNamesAccount', 'no', {
    says: 'login, and one read of the session that says it',
    entry: v3,
    async check(scene) {
      await scene.world.runFor(10 * MINUTE_MS);
      expect(operations(scene.sent()).slice(0, 2)).toEqual(['login', 'session']);
      expect(scene.sent('session')).toHaveLength(1);
      expect(scene.world.meta(scene.name)['headers']).toContain(`"IG-ACCOUNT-ID":"${onDefault.accountId}"`);
      expectNoGap(scene);
    },
  }),
];

/** A pair that somebody else's program has got. */
async function pairOfStranger(world: World): Promise<unknown> {
  const answer = await world.visit(`${world.setting('IG_API_URL') ?? ''}/session`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: '*/*',
      'x-ig-api-key': String(v3.apiKey),
      version: '3',
    },
    body: JSON.stringify({ identifier: v3.username, password: v3.password }),
  });
  return z.object({ oauthToken: z.unknown() }).parse(answer.body).oauthToken;
}

const lives = [
  ['issue', ['refresh-token', 'login']],
  ['access-expiry', ['refresh-token', 'session']],
] as const;

/** Switches of calls that the service does not make: ig-untold.test.ts proves it; simulator-pairs.test.ts tries them. */
const untold = ['putWithBearer', 'bothAuthStyles'];
/** In a file of its own: ig-logout.test.ts. */
const atLogout = ['deleteKills'];

let scene: Scene | undefined;
afterEach(() => scene?.stop());

describe('switch -> what the service does over time', () => {
  test.each(
    rows.map((each) => {
      const kind = each.entry.session === 'v2' ? ' (v2)' : '';
      return [`${each.name} ${String(each.value)}${kind} -> ${each.says}`, each] as const;
    }),
  )('%s', async (_name, { name, value, entry, settings, also = {}, check }) => {
    scene = await openScene({ broker: 'ig', entry, ...(settings && { settings }) });
    for (const [other, set] of Object.entries(also)) scene.stage.setSwitch('ig', other, set);
    scene.stage.setSwitch('ig', name, value);
    await scene.arrange(() => undefined);
    await scene.enable();
    await check(scene);
  });

  // Nobody knows how old a configured pair is: it is worth one try.
  test.each(lives)(
    'refreshTtlFrom %s -> a configured pair of ten and a half minutes: %j',
    async (value, calls) => {
      scene = await openScene({ broker: 'ig', entry: v3 });
      const { world, name } = scene;
      scene.stage.setSwitch('ig', 'refreshTtlFrom', value);
      const oauthToken = await pairOfStranger(world);
      await world.runFor(10.5 * MINUTE_MS);
      world.writeEntries([{ broker: 'ig', ...v3, oauthToken }]);
      await world.reload();
      await world.runFor(20 * SECOND_MS);
      expect(operations(scene.sent())).toEqual(calls);
      expect(world.token(name)).toBeDefined();
      await world.runFor(10 * MINUTE_MS);
      expect(logins(scene)).toBe(calls.filter((call) => call === 'login').length);
      expectNoGap(scene);
    },
  );

  test.each(lives)(
    'refreshTtlFrom %s -> no refresh token of its own is tried after nine minutes',
    async (value) => {
      scene = await openScene({ broker: 'ig', entry: v3 });
      scene.stage.setSwitch('ig', 'refreshTtlFrom', value);
      await scene.enable();
      await scene.world.runFor(10 * SECOND_MS);
      for (const minutes of [8.5, 9.5, 10.5]) {
        await awayFor(scene.world, minutes * MINUTE_MS);
        await scene.world.runFor(10 * SECOND_MS);
      }
      expect(operations(scene.sent())).toEqual(['login', 'refresh-token', 'login', 'login']);
      expectWell(scene);
    },
  );

  test('no switch of the simulator is left out', () => {
    const folder = join(import.meta.dirname, '../../../src/brokers/ig');
    const files = readdirSync(folder).filter((file) => file.startsWith('simulator'));
    const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
    const read = [...text.matchAll(/switched\(host, '([\w.]+)'/g)];
    const here = new Set([
      'refreshTtlFrom',
      ...rows.map(({ name }) => name),
      ...quotaSwitches,
      ...untold,
      ...atLogout,
    ]);
    const isThere = (each: string): boolean =>
      here.has(each) || named.some(({ name }) => name.startsWith(each));
    expect(read.length).toBeGreaterThan(20);
    expect([...new Set(read.flatMap(([, name]) => name ?? []))].filter((each) => !isThere(each))).toEqual([]);
  });
});
