import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { api, bridge, renewing } from '../../support/rows/tradovate.ts';
import { runTo } from '../days/clockwork.ts';
import { expectWell, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene, type Sent } from './scene.ts';

/* What becomes of a penalty's ticket where the next call cannot be made, and of calls whose penalty no ticket ends. */

const LIFE_MS = 80 * MINUTE_MS;
let scene: Scene;
afterEach(() => scene.stop());

const hasTicket = ({ call }: Sent): boolean =>
  /p-ticket/.test(call.request.body) || call.request.query.has('p-ticket');
const isPenalised = (body: unknown): boolean => JSON.stringify(body ?? '').includes('p-ticket');

async function untilDue(): Promise<void> {
  const { world, name } = scene;
  await scene.enable();
  await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
  await runTo(world, (world.dueAt(name) ?? 0) - 2 * SECOND_MS);
}

describe('no connection for the call that brings the ticket', () => {
  /** Waits for the penalty, and lets nobody through to Tradovate for two minutes. */
  async function cutOff(operation: string, meanwhile: () => Promise<void>): Promise<void> {
    const { world } = scene;
    const penalised = (): boolean =>
      scene
        .sent(operation)
        .some(({ call }) => call.deliveredAt !== undefined && isPenalised(call.answer?.body));
    await world.runUntil('a penalty', penalised, MINUTE_MS);
    const outage = world.fault({ broker: 'tradovate', kind: 'unreachable' });
    await world.runFor(MINUTE_MS);
    await meanwhile();
    await world.runFor(MINUTE_MS);
    expect(scene.sent()).toHaveLength(1);
    expect(
      world.log.some(
        ({ fields }) => fields['event'] === 'refresh.failed' && fields['code'] === 'unreachable',
      ),
    ).toBe(true);
    outage.remove();
    // With a token that lives on there is more patience.
    await world.runFor(5 * MINUTE_MS);
  }

  test.each<[string, RawEntry, string, boolean]>([
    ['a bridge login', bridge, 'authorize', false],
    ['a native login', api, 'access-token-request', false],
    ['a native login, whose process is killed meanwhile', api, 'access-token-request', true],
  ])('%s: kept, and brought with the same body by the next one', async (_, entry, operation, isKilled) => {
    scene = await openScene({ broker: 'tradovate', entry });
    scene.world.command('tradovate', 'fail-logins');
    await scene.arrange(() => undefined);
    await scene.enable();
    await cutOff(operation, () => (isKilled ? scene.restart() : Promise.resolve()));
    const sent = scene.sent();
    expect(operations(sent)).toEqual([operation, operation]);
    expect(sent.map(hasTicket)).toEqual([false, true]);
    expectWell(scene);
  });

  test('a renewal: kept, and brought by the next one; no login', async () => {
    const settings = { TRADOVATE_RENEWAL_TICKET: 'query' };
    scene = await openScene({ broker: 'tradovate', entry: renewing, settings });
    scene.world.setSwitch('tradovate', 'renewPenalty', 'query');
    scene.world.setSwitch('tradovate', 'limits.renew', 0);
    await untilDue();
    await scene.arrange(() => undefined);
    await cutOff('renew', () => Promise.resolve());
    const sent = scene.sent();
    expect(operations(sent)).toEqual(['renew', 'renew']);
    expect(sent.map(hasTicket)).toEqual([false, true]);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  });
});

describe('a penalty that no ticket ends', () => {
  test('of each account list for four lives: one list a token, no call in its wait, and the token served on', async () => {
    scene = await openScene({ broker: 'tradovate', entry: { ...bridge, discoverAccounts: true } });
    const { world, name } = scene;
    const next = JSON.stringify({
      operation: 'bridge-accounts',
      status: 200,
      body: { 'p-ticket': 'T', 'p-time': 30 },
    });
    let ends = false;
    world.onCall(({ operation }, what) => {
      if (!ends && what === 'arrived' && operation === 'bridge-accounts')
        world.command('tradovate', 'answer', next);
    });
    await scene.enable();
    await world.runFor(4 * LIFE_MS);
    const sent = scene.sent();
    const logins = scene.sent('authorize');
    expect(scene.sent('bridge-accounts')).toHaveLength(logins.length);
    expect(sent.some(hasTicket)).toBe(false);
    for (const { afterMs, operation } of sent) {
      if (operation !== 'bridge-accounts') continue;
      const inItsWait = sent.filter(
        (each) => each.afterMs > afterMs && each.afterMs < afterMs + 30 * SECOND_MS,
      );
      expect(inItsWait).toEqual([]);
    }
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual([]);
    ends = true;
    await world.runFor(LIFE_MS);
    expect((await world.redis.lrange(name, 0, -1)).length).toBeGreaterThan(1);
    expectWell(scene);
  });

  test('of each proof, beside a live token: it is served to its end, ten proofs an hour at most, and one alert', async () => {
    scene = await openScene({ broker: 'tradovate', entry: { ...bridge, verify: true } });
    const { world } = scene;
    await untilDue();
    const end = scene.servedUntil();
    await scene.arrange(() => {
      world.setSwitch('tradovate', 'mePenalty', 'ticket');
      world.setSwitch('tradovate', 'limits.me', 0);
    });
    await world.runFor(3 * HOUR_MS);
    const proofs = scene.sent('me').map(({ afterMs }) => afterMs);
    for (const at of proofs) {
      expect(proofs.filter((each) => each >= at && each < at + HOUR_MS).length).toBeLessThanOrEqual(10);
    }
    expect(scene.gaps().map(({ from }) => from)).toEqual([end]);
    expect(scene.opened()).toEqual(['time_penalty warning']);
    // The token in hand waits for its proof for as long as it lives: no login takes its place.
    expect(scene.sent('authorize').length).toBeLessThanOrEqual(1 + Math.floor((3 * HOUR_MS) / LIFE_MS));
    world.setSwitch('tradovate', 'limits.me', undefined);
    await world.runFor(LIFE_MS);
    expectWell(scene);
  });
});
