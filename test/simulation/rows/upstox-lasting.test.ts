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

const proofs = { broker: 'upstox', operation: 'profile' } as const;

describe('a proof that is answered the same for hours', () => {
  test('by a 401 without a code: asked about again after 10 s, and withdrawn at the second', async () => {
    const { world, name } = await open(upstoxEntry);
    await world.runFor(2 * MINUTE_MS);
    await logIn(scene);
    await world.runFor(SECOND_MS);
    await scene.arrange(() => void world.fault({ ...proofs, kind: 'status', status: 401 }));
    await world.runUntil('a doubt', () => scene.sent('profile').length > 0, 31 * MINUTE_MS);
    await world.runFor(5 * SECOND_MS);
    expect(world.token(name)).toBeDefined();
    await world.runFor(10 * SECOND_MS);
    expect(scene.sent('profile')).toHaveLength(2);
    expect(world.token(name)).toBeUndefined();
    expectWay(scene, /no longer honours/);
  });

  test('by one such 401 and then by the profile: the token stays, and the doubt is over', async () => {
    const { world, name } = await open(upstoxEntry);
    await world.runFor(2 * MINUTE_MS);
    await logIn(scene);
    await world.runFor(SECOND_MS);
    for (let doubt = 0; doubt < 2; doubt++) {
      await scene.arrange(() => void world.fault({ ...proofs, kind: 'status', status: 401, times: 1 }));
      await world.runFor(31 * MINUTE_MS);
      expect(scene.sent('profile')).toHaveLength(2);
      expect(world.token(name)).toBeDefined();
    }
    expect(world.openIncidents()).toEqual([]);
  });

  test('by a server that fails: said as a warning once more than an hour has brought no proof, and over with the next', async () => {
    const { world, name } = await open(upstoxEntry);
    await world.runFor(2 * MINUTE_MS);
    await logIn(scene);
    await world.runFor(SECOND_MS);
    await scene.arrange(() => void world.fault({ ...proofs, kind: 'status', status: 500 }));
    await world.runFor(55 * MINUTE_MS);
    expect(world.openIncidents()).toEqual([]);
    await world.runFor(10 * MINUTE_MS);
    expect(world.openIncidents()).toMatchObject([
      { code: 'server_fault', level: 'warning', accounts: [name] },
    ]);
    expect(world.token(name)).toBeDefined();
    scene.heal();
    await world.runFor(6 * MINUTE_MS);
    expect(world.openIncidents()).toEqual([]);
  });

  test.each([
    ['a page with 401', 'html', 401],
    ['a 403 without a code', 'status', 403],
  ] as const)('by %s: no logout', async (_, kind, status) => {
    const { world, name } = await open(upstoxEntry);
    await world.runFor(2 * MINUTE_MS);
    await logIn(scene);
    await world.runFor(SECOND_MS);
    await scene.arrange(() => void world.fault({ ...proofs, kind, status }));
    await world.runFor(40 * MINUTE_MS);
    expect(scene.sent('profile').length).toBeGreaterThan(2);
    expect(world.token(name)).toBeDefined();
  });

  test.each([
    ['a server that fails', 500],
    ['a 401 without a code', 401],
  ])('by %s, to what somebody posted before 08:00: the person is asked all the same', async (_, status) => {
    const { world, name } = await open(askingEntry);
    world.fault({ ...proofs, kind: 'status', status });
    world.command('upstox', 'forge', `${upstoxEntry.clientId} dead token`);
    await world.runUntil('the request', () => scene.sent('request').length > 0, 5 * MINUTE_MS);
    await world.runFor(10 * SECOND_MS);
    expectWay(scene);
    expect(world.state(name)['state']).toBe('awaiting_approval');
    await world.runFor(HOUR_MS);
    expect(scene.sent('request')).toHaveLength(1);
  });
});

describe('an approval that is posted elsewhere', () => {
  test('is said once, beside the link that works; the next day as well, until the address is right', async () => {
    const { world, name } = await open(askingEntry);
    const right = world.webhookUrl(name) ?? '';
    const elsewhere = (): number =>
      world.log.filter(({ fields }) => fields['event'] === 'approval.elsewhere').length;
    world.command('upstox', 'notifier', `${upstoxEntry.clientId} ${right}x`);
    await world.runFor(5 * MINUTE_MS);
    expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: 'asked' });
    expectWay(scene, /"token-refresher login desk-in --webhook" prints as notifier URL/);
    expect(world.heard.map(({ text }) => text).join('\n')).not.toContain(new URL(right).pathname);
    expect(await logIn(scene)).toContain('is logged in');
    await world.runFor(MINUTE_MS);
    expect(world.openIncidents()).toEqual([]);
    expect(world.log.map(({ message }) => message)).toContain(`${name} works again.`);
    await world.runFor(24 * HOUR_MS);
    expect(elsewhere()).toBe(2);
    expectWay(scene, /--webhook/);
    world.command('upstox', 'notifier', `${upstoxEntry.clientId} ${right}?through=the-proxy`);
    await world.runFor(24 * HOUR_MS);
    expect(elsewhere()).toBe(2);
    expect(scene.sent('request')).toHaveLength(3);
    expectWay(scene);
    expect(world.heard.at(-1)?.text).not.toContain('--webhook');
  });
});

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
