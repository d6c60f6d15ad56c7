import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { streaming, v2, v3 } from '../../support/rows/ig-row.ts';
import { rows as named } from '../../support/rows/ig.ts';
import { expectWell } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, type Scene } from './scene.ts';

/** A switch that no login or refresh is answered by: the service has to work on, whatever it says. */
interface SwitchRow {
  readonly name: string;
  readonly value: unknown;
  readonly entry: RawEntry;
  readonly forMs: number;
  /** The least and the most logins in that time. */
  readonly logins: readonly [number, number];
  readonly settings: Readonly<Record<string, string>>;
}

const row = (
  name: string,
  value: unknown,
  entry: RawEntry = v3,
  forMs = 20 * MINUTE_MS,
  logins: SwitchRow['logins'] = [1, 1],
  settings: SwitchRow['settings'] = {},
): SwitchRow => ({ name, value, entry, forMs, logins, settings });

const seventyTwo = { IG_V2_LIFETIME_SECONDS: String((72 * HOUR_MS) / 1_000) };

const rows: readonly SwitchRow[] = [
  // Each session ends ten minutes after its login: another login, and no moment without a token.
  row('sessionMax', 600, v3, HOUR_MS, [6, 7]),
  row('accessTtl', 120),
  // Proved each half hour a pair lives on in either reading, and the setting is taken at its word: a login each 54 h.
  row('v2Lifetime', '6h-72h', v2, 60 * HOUR_MS, [2, 2], seventyTwo),
  row('v2Lifetime', '12h-rolling', v2, 60 * HOUR_MS, [2, 2], seventyTwo),
  row('oldAccessToken', 'dead', streaming),
  row('fetchedTokensOutliveAccess', 'no', streaming),
  // The smallest quota that was seen carries a session with streaming.
  row('demoQuota', 8, streaming),
];

/** Switches that no time brings to bear on the service, why, and what tries them instead. */
const untold: Readonly<Record<string, string>> = {
  refreshTtlFrom:
    'no refresh token is tried after nine minutes, which it outlives either way: simulator.test.ts',
  deleteKills: 'a session is ended where nothing of it is used any more: calls.test.ts',
  putWithBearer: 'a v3 session is moved by IG-ACCOUNT-ID, never by PUT: simulator-pairs.test.ts',
  bothAuthStyles: 'no call carries both: simulator-pairs.test.ts',
  sameAccountStatus:
    'a login that says where it is needs no switch there: 400 and 412 are ordered in ig-logins.ts',
};

let scene: Scene | undefined;
afterEach(() => scene?.stop());

describe('switch -> served without a gap, with so many logins', () => {
  test.each(
    rows.map((each) => {
      const { name, value, entry, forMs, logins } = each;
      const kind = `${entry.session === 'v2' ? 'v2' : 'v3'}${entry.streaming === true ? ', streaming' : ''}`;
      return [
        `${name} ${String(value)} (${kind}) -> ${logins.join(' to ')} in ${forMs / HOUR_MS} h`,
        each,
      ] as const;
    }),
  )('%s', async (_name, { name, value, entry, forMs, logins, settings }) => {
    scene = await openScene({ broker: 'ig', entry, settings });
    scene.stage.setSwitch('ig', name, value);
    await scene.arrange(() => undefined);
    await scene.enable();
    await scene.world.runFor(forMs);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual([]);
    expect(scene.sent('login').length).toBeGreaterThanOrEqual(logins[0]);
    expect(scene.sent('login').length).toBeLessThanOrEqual(logins[1]);
    expectWell(scene);
  });

  test('no switch of the simulator is left out', () => {
    const folder = join(import.meta.dirname, '../../../src/brokers/ig');
    const files = readdirSync(folder).filter((file) => file.startsWith('simulator'));
    const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
    const read = [...text.matchAll(/(?:host\.switch(?:<[^(]*>)?\(|secondsOf\(host, )\s*'([\w.]+)'/g)];
    const here = new Set(rows.map(({ name }) => name));
    const isThere = (each: string): boolean =>
      here.has(each) || each in untold || named.some(({ name }) => name.startsWith(each));
    expect(read.length).toBeGreaterThan(20);
    expect([...new Set(read.flatMap(([, name]) => name ?? []))].filter((each) => !isThere(each))).toEqual([]);
  });
});
