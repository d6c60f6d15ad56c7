import { expect } from 'vitest';
import type { Row } from '../../support/rows/upstox.ts';
import { ist } from '../../support/rows/upstox.ts';
import { expectWell, NOTICE_MS, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type Scene } from './scene.ts';

/** What the service does next, after what the person was told. */
export interface PersonsNext {
  readonly says: string;
  check(scene: Scene, said: string): Promise<void>;
}

const DAY_MS = 24 * HOUR_MS;
const THROTTLED_MS = 30 * SECOND_MS;
/** No two requests come closer than this where the broker failed, ms: each may ring a phone. */
const REQUEST_WAIT_MS = MINUTE_MS;
const HALF_HOUR_MS = 30 * MINUTE_MS;
/** How long a broker is left alone that turns the whole network away. */
const BARRED_MS = 5 * MINUTE_MS;

const secrets = /made-up-secret|made-up-wrong-secret/;
/** The next 03:30 in India. */
export const rolloverAfter = (now: number): number => {
  const first = ist('2026-01-13T03:30:00');
  return first + Math.ceil((now + 1 - first) / DAY_MS) * DAY_MS;
};

/** Drives the world while a person logs in at the broker; `name`: another account's person. */
export async function logIn(
  scene: Scene,
  as: 'user' | 'other' | 'cancel' = 'user',
  name = scene.name,
): Promise<string> {
  let said: string | undefined;
  scene.world.logIn(name, as).then(
    (message) => {
      said = message;
    },
    (error: unknown) => {
      said = String(error);
    },
  );
  await scene.world.runUntil('the page', () => said !== undefined, MINUTE_MS);
  return said ?? '';
}

const isAwaited = (scene: Scene): void => {
  const { world, name } = scene;
  expect(world.state(name)).toMatchObject({ state: 'awaiting_approval' });
  expect(world.token(name)).toBeUndefined();
};

/** The one critical message that waits for this account's person: with their link, and with what is wrong. */
export function expectWay(scene: Scene, why?: string | RegExp): void {
  const { world, name } = scene;
  const open = world.openIncidents().filter(({ accounts }) => accounts.includes(name));
  expect(open.map(({ level }) => level)).toEqual(['critical']);
  expect(open[0]?.links[name]).toMatch(/\/oauth\/upstox\/desk-in\?ticket=./);
  const last = world.heard.findLast(({ code }) => code === open[0]?.code);
  expect(last?.text).toContain(open[0]?.links[name]);
  if (why !== undefined) expect(last?.text).toMatch(why);
}

/** Served to 03:30 and not a moment longer, with what came beside it where that was asked for. */
export const servesToRollover = ({ companions }: Row): PersonsNext => ({
  says: 'proved once, then each half hour; served to 03:30 and not longer',
  async check(scene, said) {
    const { world, name } = scene;
    const end = rolloverAfter(world.now());
    expect(said).toContain('is logged in');
    expect(operations(scene.sent())).toEqual(['exchange', 'profile']);
    expect(Date.parse(world.meta(name)['expiresAt'] ?? '')).toBe(end);
    if (companions !== undefined) {
      expect(world.token(`${name}:extended`) !== undefined).toBe(companions > 0);
    }
    expectWell(scene);
    await world.runFor(end - world.now() + SECOND_MS);
    expect(Math.abs((scene.gaps()[0]?.from ?? 0) - end)).toBeLessThan(2);
    expect(scene.gaps()).toHaveLength(1);
    expect(world.state(name)['state']).toBe('awaiting_approval');
    expect(scene.sent('exchange')).toHaveLength(1);
    // The year's token does not end with the day.
    if (companions !== undefined) expect(world.token(`${name}:extended`) !== undefined).toBe(companions > 0);
  },
});

/** A code is sent once, whatever became of it; the person is told, and the link works again. */
export const needsAnotherLogin = (row: Row, code: string): PersonsNext => ({
  says: `the person told, ${row.calls === 0 ? 'no code' : 'the code never'} sent again in 3 h; a token by the next login`,
  async check(scene, said) {
    const { world } = scene;
    expect(said).toMatch(/^[^{}<>]{20,600}$/s);
    expect(said).not.toMatch(secrets);
    isAwaited(scene);
    await world.runFor(10 * SECOND_MS);
    expect(world.log.findLast(({ fields }) => fields['event'] === 'refresh.failed')?.fields).toMatchObject({
      code,
    });
    // What went wrong stands beside the link to the next try, in the message that is there already.
    if (row.name.includes('02:30')) {
      // Nobody is called at night; whoever looks finds the way.
      const link = expect.stringContaining('ticket=') as unknown;
      const quiet = { code, level: 'notice', links: { [scene.name]: link } };
      expect(world.openIncidents()).toContainEqual(expect.objectContaining(quiet));
      expect(world.heard.filter(({ code: of, rings }) => of === code && rings)).toEqual([]);
    } else {
      expect(scene.opened()).toEqual([]);
      expectWay(scene, said);
    }
    await world.runFor(3 * HOUR_MS);
    expect(operations(scene.sent())).toEqual(Array(row.calls).fill('exchange'));
    isAwaited(scene);
    scene.heal();
    if (String(row.entry['clientSecret']).includes('wrong')) return;
    expect(await logIn(scene)).toContain('is logged in');
    await world.runFor(NOTICE_MS);
    expect(scene.sent('exchange')).toHaveLength(row.calls + 1);
    expectWell(scene);
  },
});

/** The login did not count, but the proof of its token did. */
export const provedLater: PersonsNext = {
  says: 'the token in hand proved after 30 s and served; no other login',
  async check(scene, said) {
    expect(said).toContain('is being proved');
    await scene.world.runFor(THROTTLED_MS + NOTICE_MS);
    expect(operations(scene.sent())).toEqual(['exchange', 'profile', 'profile']);
    expectWell(scene);
  },
};

/** Nobody came back: the service knows of nothing, and goes on waiting. */
export const hearsNothing: PersonsNext = {
  says: 'nothing is heard of it; the account waits on',
  async check(scene, said) {
    expect(said).toBe('the browser did not come back');
    await scene.world.runFor(3 * HOUR_MS);
    expect(scene.sent()).toEqual([]);
    isAwaited(scene);
  },
};

/** The phone has rung, or may have: not again before the next day's hour. */
export const asksOnceADay = (reason: string, isTrouble: boolean): PersonsNext => ({
  says: `one request that day, ${reason === 'asked' ? 'asked until 03:30' : 'the link in its place'}; the next at 08:00`,
  async check(scene) {
    const { world, name } = scene;
    const end = rolloverAfter(world.now());
    const nextAt = end + 4.5 * HOUR_MS;
    expect(world.state(name)).toMatchObject({
      state: 'awaiting_approval',
      expiresAt: new Date(end).toISOString(),
    });
    expect(scene.opened().map((each) => each.replace(/_2026.*? /, ' '))).toEqual([
      'awaiting_approval critical',
    ]);
    expect(world.state(name)['reason']).toBe(reason);
    await world.runFor(10 * SECOND_MS);
    expectWay(scene, isTrouble ? /^desk-in: /m : undefined);
    scene.heal();
    await world.runFor(nextAt - world.now() - MINUTE_MS);
    expect(operations(scene.sent())).toEqual(['request']);
    await world.runFor(2 * MINUTE_MS);
    expect(operations(scene.sent())).toEqual(['request', 'request']);
    expect((scene.sent()[1]?.call.startedAt ?? 0) - nextAt).toBeLessThan(2 * NOTICE_MS);
    // Where nobody has mended it since, it is refused as the day before.
    expect(['asked', reason]).toContain(world.state(name)['reason']);
    expect(world.state(name)['state']).toBe('awaiting_approval');
  },
});

/** The phone has not rung: the request is made again when it may be. */
export const asksAgain = (kind: 'throttled' | 'transient' | 'barred'): PersonsNext => {
  const waitMs = { throttled: THROTTLED_MS, transient: REQUEST_WAIT_MS, barred: BARRED_MS }[kind];
  return {
    says: `asked again after ${waitMs / SECOND_MS} s, once, and then no more that day`,
    async check(scene) {
      const { world, name } = scene;
      await world.runFor(10 * SECOND_MS);
      expectWay(scene, /^desk-in: /m);
      scene.heal();
      await world.runFor(12 * HOUR_MS);
      const [first, second, ...more] = scene.sent();
      expect([first?.operation, second?.operation, more]).toEqual(['request', 'request', []]);
      expect((second?.afterMs ?? 0) - (first?.afterMs ?? 0)).toBeGreaterThanOrEqual(waitMs);
      expect((second?.afterMs ?? 0) - (first?.afterMs ?? 0)).toBeLessThan(waitMs + 5 * SECOND_MS);
      expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: 'asked' });
    },
  };
};

/** A proof that says nothing is no logout. */
export const staysServed = (waitMs: readonly [number, number], alert: string | undefined): PersonsNext => ({
  says: `the token stays; proved again after ${waitMs[0] / SECOND_MS} to ${waitMs[1] / SECOND_MS} s, no login`,
  async check(scene) {
    const { world } = scene;
    scene.heal();
    await world.runFor(waitMs[1] + NOTICE_MS);
    expect(operations(scene.sent())).toEqual(['profile', 'profile']);
    const [first, second] = scene.sent();
    expect((second?.afterMs ?? 0) - (first?.afterMs ?? 0)).toBeGreaterThanOrEqual(waitMs[0]);
    expect(scene.opened()).toEqual(alert === undefined ? [] : [alert]);
    await world.runFor(2 * HOUR_MS);
    expect(scene.gaps()).toEqual([]);
    expect(scene.sent('profile')).toHaveLength(2 + (2 * HOUR_MS) / HALF_HOUR_MS);
    expectWell(scene);
  },
});

/** Dead before its time: withdrawn at once, and said. */
export const withdraws: PersonsNext = {
  says: 'the token withdrawn at once and said; a person asked by the link; a token by the next login',
  async check(scene) {
    const { world } = scene;
    isAwaited(scene);
    expect(scene.opened()).toEqual(['died_early critical']);
    expect(scene.events()).toEqual(['expired']);
    await world.runFor(10 * SECOND_MS);
    expectWay(scene, /no longer honours/);
    await world.runFor(3 * HOUR_MS);
    expect(operations(scene.sent())).toEqual(['profile']);
    scene.heal();
    await logIn(scene);
    await world.runFor(NOTICE_MS);
    expect(operations(scene.sent())).toEqual(['profile', 'exchange', 'profile']);
    expectWell(scene);
  },
};

/** Alive, and asked about each half hour. */
export const provedEachHalfHour: PersonsNext = {
  says: 'served; proved each half hour',
  async check(scene) {
    const { world } = scene;
    await world.runFor(3 * HOUR_MS);
    // The sixth falls due as the three hours end.
    expect(scene.sent('profile')).toHaveLength(5);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual([]);
    expectWell(scene);
  },
};
