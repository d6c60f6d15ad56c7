import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import type { FaultKind } from '../../../src/simulator/index.ts';
import { askingEntry, ist, upstoxEntry } from '../../support/rows/upstox-row.ts';
import type { BrokerCall } from '../broker-net.ts';
import { busiest } from '../days/clockwork.ts';
import { expectWell } from './next.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';
import { logIn } from './upstox-next.ts';

/* What the profile says for hours on end: to a token that was just approved, or logged in for, and to one that is served. */

let scene: Scene;
afterEach(() => scene.stop());

/** A Tuesday, a minute before people are asked. */
async function open(entry: RawEntry): Promise<void> {
  scene = await openScene({ broker: 'upstox', entry, startAt: ist('2026-01-13T07:59:00') });
  const { world, name } = scene;
  await scene.enable();
  world.command('upstox', 'register', `${upstoxEntry.clientId} AB0001`);
  const url = world.webhookUrl(name);
  if (url !== undefined) world.command('upstox', 'notifier', `${upstoxEntry.clientId} ${url}`);
  await world.runFor(2 * MINUTE_MS);
}

interface Lasting {
  readonly kind: FaultKind;
  readonly status?: number;
}
/** `perHour`: how many proofs of a token in hand an hour may see, as that is what somebody waits for. */
type Signal = readonly [
  name: string,
  codes: string,
  fault: Lasting,
  code: string,
  level: string,
  perHour: number,
];
/** Every 2 to 36 s, as nobody has a token meanwhile. */
const SOON = 260;
const EACH_MINUTE = 62;
/** Everybody behind this egress is turned away until a person acts: one call finds out whether they have. */
const EACH_FIVE_MINUTES = 13;
const lasting: readonly Signal[] = [
  ['UDAPI100072', 'UDAPI100072', { kind: 'refuse' }, 'service_hours', 'warning', SOON],
  ['UDAPI10005', 'UDAPI10005', { kind: 'refuse' }, 'throttled', 'warning', EACH_MINUTE],
  ['UDAPI100058', 'UDAPI100058', { kind: 'refuse' }, 'no_active_segments', 'critical', EACH_MINUTE],
  ['UDAPI100073', 'UDAPI100073', { kind: 'refuse' }, 'client_inactive', 'critical', EACH_MINUTE],
  ['UDAPI1154', 'UDAPI1154', { kind: 'refuse' }, 'ip_not_allowed', 'critical', EACH_MINUTE],
  ['UDAPI100060', 'UDAPI100060', { kind: 'refuse' }, 'request_unsupported', 'warning', SOON],
  ['UDAPI100067', 'UDAPI100067', { kind: 'refuse' }, 'token_kind_wrong', 'warning', SOON],
  ['a code nobody knows', 'UDAPI199999', { kind: 'refuse' }, 'unreadable_answer', 'warning', SOON],
  ['403 without a code', '', { kind: 'status', status: 403 }, 'unreadable_answer', 'warning', SOON],
  ['429 without a code', '', { kind: 'status', status: 429 }, 'throttled', 'warning', EACH_MINUTE],
  ['500 without a code', '', { kind: 'status', status: 500 }, 'server_fault', 'warning', SOON],
  ['a page with 401', '', { kind: 'html', status: 401 }, 'unreadable_answer', 'warning', SOON],
  ['a page with 403', '', { kind: 'html', status: 403 }, 'edge_blocked', 'critical', EACH_FIVE_MINUTES],
  ['a page with 429', '', { kind: 'html', status: 429 }, 'edge_throttled', 'warning', EACH_MINUTE],
  ['a 200 that is no profile', '', { kind: 'garbage' }, 'unreadable_answer', 'warning', SOON],
  ['half an answer', '', { kind: 'half' }, 'no_answer', 'warning', SOON],
  ['no answer in time', '', { kind: 'stall' }, 'timeout', 'warning', SOON],
];
/** From now on each proof is answered so. */
function breakProofs(codes: string, fault: Lasting): void {
  scene.world.setSwitch('upstox', 'refuseWith', codes);
  scene.world.fault({ broker: 'upstox', operation: 'profile', ...fault });
}
const proofs = (): readonly BrokerCall[] => scene.sent('profile').map(({ call }) => call);
const isOpen = (code: string, level: string): boolean =>
  scene.world.openIncidents().some((each) => each.code === code && each.level === level);

describe('to the proof of a token that has just come, for an hour', () => {
  test.each(
    lasting.flatMap((signal) => [
      [signal[0], 'approved on the phone', askingEntry, signal] as const,
      [signal[0], 'logged in for', upstoxEntry, signal] as const,
    ]),
  )(
    '%s: one that was %s is kept, served once it is proved, and neither asked nor logged in for again',
    async (_name, how, entry, [, codes, fault, code, level, perHour]) => {
      await open(entry);
      const { world, name } = scene;
      await scene.arrange(() => breakProofs(codes, fault));
      if (entry === askingEntry) world.command('upstox', 'approve', upstoxEntry.clientId);
      else expect(await logIn(scene)).toContain('is being proved');
      await world.runFor(HOUR_MS);
      expect(world.token(name)).toBeUndefined();
      expect(proofs().length).toBeGreaterThan(Math.min(50, perHour - 3));
      expect(busiest(proofs(), HOUR_MS)).toBeLessThanOrEqual(perHour);
      expect(isOpen(code, level)).toBe(true);
      expect(scene.opened()).toHaveLength(1);
      scene.heal();
      await world.runUntil(
        'a token',
        () => world.token(name) !== undefined,
        perHour === EACH_FIVE_MINUTES ? 6 * MINUTE_MS : 90 * SECOND_MS,
      );
      expect(scene.sent('request', 'exchange')).toHaveLength(how === 'logged in for' ? 1 : 0);
      await world.runFor(10 * SECOND_MS);
      expectWell(scene);
    },
  );
});

describe('to each proof of a token that is served, for six hours', () => {
  test.each(lasting)(
    '%s: served all the same, asked about a dozen times an hour, one alert and no login',
    async (_name, codes, fault, code, level) => {
      await open(upstoxEntry);
      const { world, name } = scene;
      await logIn(scene);
      await world.runFor(SECOND_MS);
      const token = world.token(name);
      await scene.arrange(() => breakProofs(codes, fault));
      await world.runFor(6 * HOUR_MS);
      expect(proofs().length).toBeLessThan(100);
      expect(scene.opened()).toEqual([`${code} ${level}`]);
      expect(isOpen(code, level)).toBe(true);
      expect(world.token(name)).toBe(token);
      scene.heal();
      await world.runFor(6 * MINUTE_MS);
      expectWell(scene);
      expect(scene.gaps()).toEqual([]);
      expect(scene.sent('exchange')).toEqual([]);
    },
  );
});

describe('posted to the webhook each ten seconds, for an hour', () => {
  test.each(['wrong client', 'wrong user', 'bad times', 'dead token'])(
    '%s: six proofs a minute at most, and the true approval is served within a minute',
    async (kind) => {
      await open(askingEntry);
      const { world, name } = scene;
      await scene.arrange(() => undefined);
      for (let n = 0; n < 360; n++) {
        world.command('upstox', 'forge', `${upstoxEntry.clientId} ${kind}`);
        await world.runFor(10 * SECOND_MS);
      }
      // Counted as they leave: on the way they move together.
      expect(busiest(proofs(), MINUTE_MS - SECOND_MS)).toBeLessThanOrEqual(kind === 'dead token' ? 6 : 0);
      expect(world.token(name)).toBeUndefined();
      expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: 'asked' });
      world.command('upstox', 'approve', upstoxEntry.clientId);
      world.command('upstox', 'forge', `${upstoxEntry.clientId} ${kind}`);
      await world.runFor(MINUTE_MS);
      expect(scene.sent('request')).toEqual([]);
      expectWell(scene);
    },
  );
});
