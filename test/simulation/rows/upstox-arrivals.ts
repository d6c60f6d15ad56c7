import { expect } from 'vitest';
import type { Row } from '../../support/rows/upstox.ts';
import { expectWell, NOTICE_MS, operations } from './next.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type Scene } from './scene.ts';
import { expectWay, logIn, rolloverAfter, type PersonsNext } from './upstox-next.ts';

/** How long a proof that brought nothing is left alone, by the kind of its error and, where it matters, its scope, ms. */
const waits: Readonly<Record<string, number>> = {
  throttled: 30 * SECOND_MS,
  // Somebody waits for this token.
  'needs-human account': MINUTE_MS,
  // The whole network is turned away.
  'needs-human egress': 5 * MINUTE_MS,
  transient: 2 * SECOND_MS,
  refused: 2 * SECOND_MS,
};
function waitOf(kind: string, scope: string): number {
  const waitMs = waits[kind] ?? waits[`${kind} ${scope}`];
  if (waitMs === undefined) throw new Error(`nothing says how long ${kind} (${scope}) is left alone`);
  return waitMs;
}

/** What the service does with the notices that come: once for each token, whatever else is posted. */
export function arrivalsNext(row: Row): PersonsNext {
  const arrivals = 'arrivals' in row.expect ? row.expect.arrivals : [];
  // Nobody's answer of yesterday, but one to the question of this morning.
  if (row.name.includes('given in time')) return taken(1, 'at once: the service has asked anew at 08:00');
  if (arrivals.length === 0) return hearsNothing;
  const [first = ''] = arrivals;
  const [kind = '', code = '', scope = ''] = first.split(':');
  // Posted by whoever it was, a token that is refused without a word of Upstox' own is none.
  if (first === 'dead' || row.name.startsWith('401 without a code')) return dropped;
  if (first !== 'alive') return provedLater(kind, code, waitOf(kind, scope));
  return taken(arrivals.includes('dead') ? 2 : 1, 'at once');
}

const approvedToken = (scene: Scene): unknown => {
  const { body } = scene.world.posts().at(-1) ?? {};
  return typeof body === 'object' && body !== null && 'access_token' in body ? body.access_token : undefined;
};

const taken = (proofs: number, when: string): PersonsNext => ({
  says: `proved ${proofs === 1 ? 'once' : 'once each'} and published ${when}; not asked again`,
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(5 * SECOND_MS);
    expect(operations(scene.sent()).filter((each) => each === 'profile')).toHaveLength(proofs);
    expect(world.token(name)).toBe(approvedToken(scene));
    expectWell(scene);
    const asked = scene.sent('request').length;
    await world.runFor(3 * HOUR_MS);
    expect(scene.gaps()).toEqual([]);
    expect(scene.sent('request')).toHaveLength(asked);
    expectWell(scene);
  },
});

const provedLater = (kind: string, code: string, waitMs: number): PersonsNext => ({
  says: `kept sealed, proved again after ${waitMs / SECOND_MS} s and published; not asked again`,
  async check(scene) {
    const { world, name } = scene;
    await world.runUntil('a proof', () => scene.sent('profile').length > 0, 5 * SECOND_MS);
    scene.heal();
    // One that hangs is given up after ten seconds.
    await world.runFor(10 * SECOND_MS + waitMs + 2 * NOTICE_MS);
    const [first, second, ...more] = scene.sent();
    expect([first?.operation, second?.operation, more]).toEqual(['profile', 'profile', []]);
    expect((second?.afterMs ?? 0) - (first?.afterMs ?? 0)).toBeGreaterThanOrEqual(waitMs);
    expect((second?.afterMs ?? 0) - (first?.afterMs ?? 0)).toBeLessThan(waitMs + 15 * SECOND_MS);
    const said = world.log.filter(({ fields }) => fields['event'] === 'token.unproved');
    expect(said.map(({ fields }) => [fields['kind'], fields['code']])).toEqual([[kind, code]]);
    expect(world.token(name)).toBe(approvedToken(scene));
    expectWell(scene);
  },
});

const dropped: PersonsNext = {
  says: 'dropped after one proof; not asked again; the link works',
  async check(scene) {
    const { world, name } = scene;
    await world.runFor(3 * HOUR_MS);
    expect(operations(scene.sent())).toEqual(['profile']);
    expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: 'asked' });
    expectWay(scene, /refuses the token/);
    await logIn(scene);
    await world.runFor(NOTICE_MS);
    expectWell(scene);
  },
};

const hearsNothing: PersonsNext = {
  says: 'not asked again; the window lapses at 03:30, the next request goes at 08:00',
  async check(scene) {
    const { world, name } = scene;
    const end = rolloverAfter(world.now());
    await world.runFor(end - world.now() + 4.4 * HOUR_MS);
    expect(scene.sent()).toEqual([]);
    expect(world.state(name)).toMatchObject({ state: 'awaiting_approval', reason: 'approval_lapsed' });
    await world.runFor(0.2 * HOUR_MS);
    expect(operations(scene.sent())).toEqual(['request']);
  },
};
