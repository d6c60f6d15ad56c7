import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { RECURS_MS } from '../../../src/alerts/incidents.ts';
import { readLimits } from '../../../src/app/limits.ts';
import { makePlanning } from '../../../src/app/planning.ts';
import { brokers } from '../../../src/brokers/index.ts';
import type { RawEntry } from '../../../src/core/broker.ts';
import { v3 } from '../../support/rows/ig-row.ts';
import { busiest } from '../days/clockwork.ts';
import { apart } from './ig-time.ts';
import { isTurnedAway, quotaRows, type QuotaRow } from './ig-quota-rows.ts';
import { expectWell } from './next.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/** What was under way when a refusal came, ms. */
const UNDER_WAY_MS = 500;

/* Quotas that are really too small: whom a refusal makes silent, for how long, and what it never costs. */

const named = ({ accounts, entry }: QuotaRow): readonly RawEntry[] =>
  Array.from({ length: accounts - 1 }, (_, i) => ({ ...entry, username: `desk_${i}` }));

let scene: Scene | undefined;
afterEach(() => scene?.stop());

const open = async (row: QuotaRow): Promise<Scene> => {
  const { entry, settings, switches } = row;
  const opened = await openScene({ broker: 'ig', entry, ...(settings && { settings }) });
  scene = opened;
  for (const [name, value] of Object.entries(switches)) opened.stage.setSwitch('ig', name, value);
  await opened.enable();
  await opened.add(...named(row));
  return opened;
};

describe('a quota -> calls that it refused, and what they cost', () => {
  test.each(quotaRows.map((row) => [`${row.name} -> ${row.says}`, row] as const))(
    '%s',
    async (_name, row) => {
      const { world, name, ...here } = await open(row);
      const names = [name, ...named(row).map(({ username }) => String(username))];
      await world.runFor(20 * MINUTE_MS);
      const calls = world.calls();
      const refused = calls.filter(isTurnedAway);

      // Never taken for a dead pair: no login but the first of each, and what was turned away is sent again.
      expect(calls.filter(({ operation }) => operation === 'login')).toHaveLength(row.accounts);
      expect([...new Set(calls.map(({ operation }) => operation))]).toEqual(['login', 'refresh-token']);
      expect(refused.length > 0).toBe(row.isSpent);
      for (const { n, deliveredAt = 0, username } of refused) {
        const quiet = row.silent === 'key' ? names : [username];
        const next = calls.find(
          (call) =>
            call.n > n && call.startedAt > deliveredAt + UNDER_WAY_MS && quiet.includes(call.username),
        );
        if (next) expect(next.startedAt - deliveredAt).toBeGreaterThanOrEqual(10 * SECOND_MS);
      }
      const taken = calls.filter((call) => !isTurnedAway(call));
      expect(busiest(taken, MINUTE_MS)).toBeLessThanOrEqual(row.most);
      // All that are turned away besides: one in ten seconds, with those that were under way.
      expect(busiest(refused, 10 * SECOND_MS)).toBeLessThanOrEqual(row.accounts);
      if (!row.isSpent) {
        expect(world.alerts).toEqual([]);
        return expect(here.gaps()).toEqual([]);
      }
      // One message, though each minute ends well and the next one has no room again.
      const said = (): readonly string[] =>
        world.alerts.filter(({ code }) => code === row.code).map(({ what }) => what);
      expect(said()).toEqual(['opened']);
      here.heal();
      await world.runFor(3 * MINUTE_MS);
      expect(world.openIncidents()).toMatchObject([{ code: row.code, accounts: [] }]);
      await world.runFor(RECURS_MS);
      expect(world.openIncidents()).toEqual([]);
      expect(said()).toEqual(['opened', 'closed']);
      for (const each of names) expect(world.state(each)).toMatchObject({ state: 'fresh', reason: '' });
    },
  );
});

describe('a plan of more demo accounts on a key than IG may carry', () => {
  /** What a start says, as `<code>: <message>`. */
  async function planned(
    { world }: Scene,
    settings: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const said: string[] = [];
    const planning = makePlanning({
      redis: world.redis,
      brokers,
      limits: readLimits(brokers, (variable) => settings[variable]),
      egress: 'default',
      clock: { now: () => world.now(), sleep: () => Promise.resolve() },
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      alerts: {
        raise: async ({ code, level, message }) => void said.push(`${level} ${code}: ${message}`),
        resolve: async () => undefined,
      },
    });
    await planning.judge();
    return said;
  }
  const told = { IG_DEMO_KEY_CALLS_PER_MINUTE: '8' };

  test.each([
    ['three, and the setting at 8', 3, told, undefined, false],
    ['six, and the setting at 8', 6, told, /^warning plan_exceeded: With the key of .* raise IG_DEMO/, false],
    ['four, and no setting', 4, {}, undefined, false],
    [
      'five, and no setting',
      5,
      {},
      /^warning plan_doubted: With the key of .* and 4 more, 5 accounts need 8\.7 calls a minute\. 60 are .* about 8 a minute .* demo key.* a key of its own, or set IG_DEMO_KEY_CALLS_PER_MINUTE/,
      true,
    ],
    ['five, and a setting that says 60', 5, { IG_DEMO_KEY_CALLS_PER_MINUTE: '60' }, undefined, true],
  ] as const)('%s', async (_name, accounts, settings, says, isRefused) => {
    const row = { ...quotaRows[0], accounts, settings, entry: v3, switches: { demoQuota: 8 } } as QuotaRow;
    const here = await open(row);
    // Entered by then, as they are when a start plans for them; their first logins are under way.
    await here.world.runFor(SECOND_MS);
    const said = await planned(here, settings);
    const refused = (): boolean => here.world.calls().some(isTurnedAway);
    expect(refused()).toBe(false);
    if (says === undefined) expect(said).toEqual([]);
    else expect(said).toEqual([expect.stringMatching(says)]);
    await here.world.runFor(20 * MINUTE_MS);
    expect(refused()).toBe(isRefused);
  });
});

describe('bots spend the published quota in one go', () => {
  /** Calls of somebody else's program, with a session of its own. */
  async function spend({ world }: Scene, times: number, served: string): Promise<void> {
    const fields = Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(served)));
    const headers = Object.fromEntries(fields.map(([field, value]) => [field.toLowerCase(), value]));
    for (let n = 0; n < times; n += 1) {
      await world.visit(`${world.setting('IG_API_URL') ?? ''}/session`, { headers });
    }
  }

  test.each([
    ['accountQuota', 30, 'account', 'account_quota_exceeded'],
    ['keyQuota', 60, 'key', 'key_quota_exceeded'],
  ] as const)(
    '%s %d -> refused once, 10 s and 20 s later again until there is room; no login, no other call meanwhile',
    async (quota, times, against, code) => {
      const here = await openScene({ broker: 'ig', entry: v3 });
      scene = here;
      const { world, name, stage } = here;
      stage.setSwitch('ig', quota, times);
      stage.setSwitch('ig', 'authCountsAgainst', against);
      await here.enable();
      await world.runFor(5 * MINUTE_MS);
      expect(here.opened()).toEqual([]);
      await world.runFor((world.dueAt(name) ?? 0) - SECOND_MS - world.now());
      await here.arrange(async () => {
        await spend(here, times, world.meta(name)['headers'] ?? '{}');
      });
      await world.runFor(MINUTE_MS);
      const sent = here.sent();
      const turnedAway = sent.filter(({ call }) => isTurnedAway(call));
      expect(turnedAway).toHaveLength(2);
      expect(sent.slice(0, 3).map(({ operation, status }) => [operation, status])).toEqual([
        ['refresh-token', 403],
        ['refresh-token', 403],
        ['refresh-token', 200],
      ]);
      const [first = 0, second = 0] = apart(sent);
      for (const [wait, least] of [
        [first, 10],
        [second, 20],
      ] as const) {
        expect(wait).toBeGreaterThanOrEqual(least * SECOND_MS);
        expect(wait).toBeLessThan((least + 3) * SECOND_MS);
      }
      expect(here.sent('login')).toEqual([]);
      expect(here.opened()).toContain(`${code} notice`);
      await world.runFor(2 * MINUTE_MS + RECURS_MS);
      expectWell(here);
    },
  );
});
