import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { elsewhere, streaming, v2, v3 } from '../../support/rows/ig-row.ts';
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
}

const row = (
  name: string,
  value: unknown,
  entry: RawEntry = v3,
  forMs = 20 * MINUTE_MS,
  logins: SwitchRow['logins'] = [1, 1],
): SwitchRow => ({ name, value, entry, forMs, logins });

const rows: readonly SwitchRow[] = [
  row('refreshTtlFrom', 'issue'),
  row('refreshTtlFrom', 'access-expiry'),
  // Each session ends ten minutes after its login: another login, and no moment without a token.
  row('sessionMax', 600, v3, HOUR_MS, [6, 7]),
  row('accessTtl', 120),
  // Six hours are the shorter reading, so that both work: a login each four and a half.
  row('v2Lifetime', '6h-72h', v2, 24 * HOUR_MS, [6, 6]),
  row('v2Lifetime', '12h-rolling', v2, 24 * HOUR_MS, [6, 6]),
  row('oldAccessToken', 'dead', streaming),
  row('fetchedTokensOutliveAccess', 'no', streaming),
  ...['access', 'pair', 'all'].map((value) => row('deleteKills', value, streaming)),
  ...['refused', 'works'].map((value) => row('putWithBearer', value)),
  ...['bearer', 'refused'].map((value) => row('bothAuthStyles', value, streaming)),
  ...[412, 400].map((value) => row('sameAccountStatus', value, elsewhere, 12 * HOUR_MS, [3, 3])),
  row('keyQuota', 60, streaming),
  row('accountQuota', 30, streaming),
  row('demoQuota', 8),
];

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
  )('%s', async (_name, { name, value, entry, forMs, logins }) => {
    scene = await openScene({ broker: 'ig', entry });
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
      here.has(each) || named.some(({ name }) => name.startsWith(each));
    expect(read.length).toBeGreaterThan(20);
    expect([...new Set(read.flatMap(([, name]) => name ?? []))].filter((each) => !isThere(each))).toEqual([]);
  });
});
