import { afterEach, describe, expect, test } from 'vitest';
import { askingEntry, ist, upstoxEntry } from '../../support/rows/upstox-row.ts';
import type { RawEntry } from '../../../src/core/broker.ts';
import type { FaultKind } from '../../../src/simulator/index.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';
import { expectWay, logIn } from './upstox-next.ts';

/* What Upstox says for half a day on end: somebody always has a link, and no phone rings for ever. */

let scene: Scene;
afterEach(() => scene.stop());

/** A Tuesday, a minute before people are asked. */
async function open(entry: RawEntry): Promise<Scene> {
  scene = await openScene({ broker: 'upstox', entry, startAt: ist('2026-01-13T07:59:00') });
  const { world, name } = scene;
  await scene.enable();
  world.command('upstox', 'register', `${upstoxEntry.clientId} AB0001`);
  const url = world.webhookUrl(name);
  if (url !== undefined) world.command('upstox', 'notifier', `${upstoxEntry.clientId} ${url}`);
  return scene;
}

interface Lasting {
  readonly kind: FaultKind;
  readonly status?: number;
}

const lasting: readonly (readonly [name: string, codes: string, fault: Lasting])[] = [
  ['UDAPI100072', 'UDAPI100072', { kind: 'refuse' }],
  ['UDAPI100074', 'UDAPI100074', { kind: 'refuse' }],
  ['UDAPI10005', 'UDAPI10005', { kind: 'refuse' }],
  ['UDAPI1123', 'UDAPI1123', { kind: 'refuse' }],
  ['423 without a code', '', { kind: 'status', status: 423 }],
  ['429 without a code', '', { kind: 'status', status: 429 }],
  ['a page with 429', '', { kind: 'html', status: 429 }],
  ['a page with 403', '', { kind: 'html', status: 403 }],
  ['500 without a code', '', { kind: 'status', status: 500 }],
  ['a connection that breaks', '', { kind: 'drop' }],
];

describe('an answer that lasts for twelve hours', () => {
  test.each(lasting)(
    '%s to the request: two at most, and a critical message with the link stays open',
    async (_, codes, fault) => {
      const { world } = await open(askingEntry);
      world.setSwitch('upstox', 'refuseWith', codes);
      world.fault({ broker: 'upstox', operation: 'request', ...fault });
      await scene.signal(['request'], 2 * MINUTE_MS);
      for (const waitMs of [10 * SECOND_MS, 5 * MINUTE_MS, HOUR_MS, 10 * HOUR_MS]) {
        await world.runFor(waitMs);
        expectWay(scene, /^desk-in: /m);
      }
      expect(scene.sent('request').length).toBeLessThanOrEqual(2);
      expect(world.alerts.filter(({ code }) => code === 'broker_down')).toEqual([]);
      expect(await logIn(scene)).toContain('is logged in');
      expect(world.openIncidents()).toEqual([]);
    },
  );

  test.each(lasting.filter(([name]) => !name.startsWith('UDAPI1123')))(
    '%s to each exchange: a code once, and the link stays with what went wrong',
    async (_, codes, fault) => {
      const { world } = await open(upstoxEntry);
      await world.runFor(2 * MINUTE_MS);
      world.setSwitch('upstox', 'refuseWith', codes);
      world.fault({ broker: 'upstox', operation: 'exchange', ...fault });
      for (let login = 0; login < 3; login++) {
        const said = await logIn(scene);
        await world.runFor(2 * HOUR_MS);
        expectWay(scene, said);
      }
      expect(scene.sent('exchange')).toHaveLength(3);
    },
  );
});
