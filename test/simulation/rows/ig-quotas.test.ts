import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { RECURS_MS } from '../../../src/alerts/incidents.ts';
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
