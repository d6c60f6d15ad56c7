import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { api, bridge, type ErrorRow } from '../../support/rows/tradovate.ts';
import { runTo } from '../days/clockwork.ts';
import { expectWell, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/* What Tradovate says for an hour on end, at a first login and beside a live token. */

type Arrange = ErrorRow['arrange'];
const LIFE_MS = 80 * MINUTE_MS;
const BUSY = { s: 'error', errmsg: 'We are busy.' };

let scene: Scene;
afterEach(() => scene.stop());

const open = async (entry: RawEntry, settings: Readonly<Record<string, string>> = {}): Promise<Scene> => {
  scene = await openScene({ broker: 'tradovate', entry, settings });
  return scene;
};
const apart = (operation: string): readonly number[] => {
  const at = scene.sent(operation).map(({ afterMs }) => afterMs);
  return at.slice(1).map((each, i) => each - (at[i] ?? 0));
};
/** Lets the account have its token, and time pass until its next one falls due. */
async function untilDue(): Promise<void> {
  const { world, name } = scene;
  await scene.enable();
  await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
  await runTo(world, (world.dueAt(name) ?? 0) - 2 * SECOND_MS);
}
/** Every login is answered so until it is healed. */
function says(body: unknown): Arrange {
  return () => {
    let ends = false;
    const next = JSON.stringify({ operation: 'authorize', status: 200, body });
    scene.world.onCall(({ operation }, what) => {
      if (what === 'arrived' && operation === 'authorize' && !ends)
        scene.world.command('tradovate', 'answer', next);
    });
    stopSaying = () => {
      ends = true;
    };
  };
}
let stopSaying = (): void => undefined;
const fault =
  (kind: 'html' | 'drop-after' | 'status', status?: number): Arrange =>
  (simulator) =>
    void simulator.fault({
      broker: 'tradovate',
      operation: 'authorize',
      kind,
      ...(status !== undefined && { status }),
    });

const lasting: readonly (readonly [string, Arrange, code: string])[] = [
  ['a text that the settings know to pass', says(BUSY), 'server_fault'],
  ['503', fault('status', 503), 'server_fault'],
  ['a page with 401', fault('html', 401), 'edge_blocked'],
  ['a page with 404', fault('html', 404), 'edge_blocked'],
  ['no answer', fault('drop-after'), 'no_answer'],
];

describe('said to each login for an hour', () => {
  test.each(lasting)(
    '%s: eight logins at most, never stopped, a token soon after',
    async (_, arrange, code) => {
      const { world, name } = await open(bridge, { TRADOVATE_TRANSIENT_TEXTS: 'busy' });
      await scene.arrange(() => arrange(scene.stage));
      await scene.enable();
      await world.runFor(HOUR_MS);
      expect(scene.sent('authorize').length).toBeLessThanOrEqual(8);
      expect(Math.min(...apart('authorize'))).toBeGreaterThanOrEqual(5 * SECOND_MS);
      expect(world.state(name)['state']).toBe('backing_off');
      expect(scene.opened()[0]).toBe(`${code} warning`);
      scene.heal();
      stopSaying();
      await world.runUntil('a token', () => world.token(name) !== undefined, 16 * MINUTE_MS);
      await world.runFor(MINUTE_MS);
      expectWell(scene);
    },
  );

  test.each(lasting)(
    '%s, beside a live token: it is served for as long as it lives, and replaced soon after',
    async (_, arrange) => {
      const { world } = await open(bridge, { TRADOVATE_TRANSIENT_TEXTS: 'busy' });
      await untilDue();
      const end = scene.servedUntil();
      await scene.arrange(() => arrange(scene.stage));
      await world.runFor(HOUR_MS);
      expect(scene.sent('authorize').length).toBeLessThanOrEqual(8);
      // A login nobody answered may have closed the session: a token that its proof found dead is no longer served.
      const isDead = world.log.some(({ fields }) => fields['event'] === 'token.died_early');
      if (!isDead) for (const { from } of scene.gaps()) expect(from).toBeGreaterThanOrEqual(end - 1);
      scene.heal();
      stopSaying();
      await world.runUntil('a token', () => world.token(scene.name) !== undefined, 16 * MINUTE_MS);
      await world.runFor(MINUTE_MS);
      expectWell(scene);
    },
  );
});

describe('said once to a login beside a live token', () => {
  test.each(lasting)('%s: another login, and no moment without a token', async (_, arrange) => {
    const { world } = await open(bridge, { TRADOVATE_TRANSIENT_TEXTS: 'busy' });
    await untilDue();
    await scene.arrange(() => arrange(scene.stage));
    await scene.signal(['authorize'], 10 * SECOND_MS);
    scene.heal();
    stopSaying();
    await world.runFor(LIFE_MS / 2);
    expect(operations(scene.sent()).slice(0, 2)).toEqual(['authorize', 'authorize']);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  });

  test.each<[string, RawEntry, string, unknown, string]>([
    ['a wrong password', bridge, 'authorize', { s: 'error', errmsg: 'Wrong password' }, 'bad_credentials'],
    ['a locked login', bridge, 'authorize', { userStatus: 'TemporaryLocked' }, 'locked_out'],
  ])('%s: the old token served to its end, no login more', async (_, entry, operation, body, code) => {
    const { world, name } = await open(entry);
    await untilDue();
    const end = scene.servedUntil();
    await scene.arrange(() => void world.command('tradovate', 'answer', JSON.stringify({ operation, body })));
    await world.runFor(3 * HOUR_MS);
    expect(operations(scene.sent())).toEqual([operation]);
    expect(world.state(name)).toMatchObject({ state: 'stopped', reason: code });
    expect(scene.gaps().map(({ from }) => from)).toEqual([end]);
  });
});

test('the proof of a token that is served is answered by a page: it stays served', async () => {
  const { world, name } = await open(api);
  await untilDue();
  const token = world.token(name);
  await scene.arrange(() => {
    const orphan = { operation: 'renew', status: 408, body: 'Request Timeout' };
    world.command('tradovate', 'answer', JSON.stringify(orphan));
    world.fault({ broker: 'tradovate', kind: 'html', status: 401, operation: 'me', times: 1 });
  });
  const { line } = await scene.signal(['me'], 20 * SECOND_MS);
  expect(line.fields).toMatchObject({ event: 'token.unproved', code: 'edge_blocked' });
  expect(world.token(name)).toBe(token);
  await world.runFor(10 * MINUTE_MS);
  expect(scene.gaps()).toEqual([]);
  expectWell(scene);
});

test('two renewals in a row end in a server fault by its id: one proof, and where that says dead one login', async () => {
  const { world } = await open(api);
  await untilDue();
  await scene.arrange(() => {
    const fault = { operation: 'renew', status: 500, body: 'Internal Server Error, error id: 5f0c0000' };
    for (let n = 0; n < 2; n += 1) world.command('tradovate', 'answer', JSON.stringify(fault));
    world.command('tradovate', 'answer', JSON.stringify({ operation: 'me', status: 401 }));
  });
  await world.runFor(5 * MINUTE_MS);
  expect(operations(scene.sent())).toEqual(['renew', 'renew', 'me', 'access-token-request']);
  expectWell(scene);
});

describe('no connection, or no name in DNS', () => {
  /** Failed logins that the ledger counts. */
  const charged = async (): Promise<number> => {
    const [ledger] = await scene.world.redis.keys('refresher:budget:tradovate:sign-in-failures:*');
    return ledger === undefined ? 0 : scene.world.redis.zcard(ledger);
  };
  const failures = () =>
    scene.world.log.filter(
      ({ fields }) => fields['event'] === 'refresh.failed' && fields['account'] === scene.name,
    );

  test.each([
    ['a first login: tried within 30 s', false, 31 * SECOND_MS],
    ['a refresh, whose old token lives on: tried in minutes', true, 5 * MINUTE_MS],
  ])('%s, until it works; no login is charged', async (_, isServed, withinMs) => {
    const { world, name } = await open(bridge);
    if (isServed) await untilDue();
    const outage = world.fault({ broker: 'tradovate', kind: 'unreachable' });
    await scene.arrange(() => undefined);
    if (!isServed) await scene.enable();
    await world.runFor(5 * MINUTE_MS);
    // More than the five logins that a network may fail within an hour.
    expect(failures().length).toBeGreaterThan(5);
    for (const { fields } of failures())
      expect(fields).toMatchObject({ kind: 'transient', code: 'unreachable' });
    const waits = failures().map(({ at }, i, all) => (all[i + 1]?.at ?? world.now()) - at);
    expect(Math.max(...waits)).toBeLessThan(withinMs);
    expect(await charged()).toBe(0);
    expect(scene.sent()).toEqual([]);
    outage.remove();
    await world.runFor(withinMs);
    expect(operations(scene.sent())).toEqual(['authorize']);
    expect(await charged()).toBe(0);
    expect(world.token(name)).toBeDefined();
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  });
});

describe('a password that is changed in a time penalty', () => {
  test('goes out without the ticket of the old one, and is penalised for itself', async () => {
    const { world, name } = await open({ ...bridge, password: 'made-up wrong secret' });
    world.setPassword('tradovate', name, 'made-up right');
    world.command('tradovate', 'fail-logins');
    await scene.enable();
    await world.runFor(5 * SECOND_MS);
    world.writeEntries([{ broker: 'tradovate', ...bridge, password: 'made-up right' }]);
    await world.reload();
    await world.runFor(MINUTE_MS);
    const bodies = scene.sent('authorize').map(({ call }) => call.request.body.includes('p-ticket'));
    expect(bodies).toEqual([false, false, true]);
    expect(apart('authorize').every((each) => each >= 15 * SECOND_MS)).toBe(true);
    expectWell(scene);
  });
});
