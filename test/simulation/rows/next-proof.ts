import { expect } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { expectKept, expectWell, NOTICE_MS, operations, type Next } from './next.ts';
import { MINUTE_MS, SECOND_MS, type Scene } from './scene.ts';

/** How much chance adds to a wait, ms. */
const JITTER_MS = 2 * SECOND_MS;

const inWords = (ms: number): string => (ms >= MINUTE_MS ? `${ms / MINUTE_MS} min` : `${ms / SECOND_MS} s`);

/** The grant in hand is kept, and proved again: nothing is fetched in its place. */
export const provesLater = (
  proof: string,
  waitMs: number,
  /** What people hear at once; a hiccup is not worth a word. */
  alert?: string,
): Next => ({
  says: `the same token proved again after ${inWords(waitMs)}, the old one served to its end`,
  async check(scene, { line }) {
    const { world } = scene;
    const end = scene.servedUntil();
    scene.heal();
    expect(world.state(scene.name)['reason']).toBe('proof_pending');
    await world.runFor(waitMs + JITTER_MS + NOTICE_MS);
    expect(operations(scene.sent())).toEqual([proof, proof]);
    expect((scene.sent()[1]?.call.startedAt ?? 0) - line.at).toBeGreaterThanOrEqual(waitMs - 1);
    expect(scene.opened()).toEqual(alert === undefined ? [] : [alert]);
    expectKept(scene, end);
    expectWell(scene);
  },
});

/** The new token is dead: another login, and no verdict on the password, which was right. */
export const fetchesAnother = (calls: readonly string[], code: string | undefined): Next => ({
  says: `not served; ${calls.at(-2) ?? ''} ${code === undefined ? 'at once' : 'after 5 to 30 s'}, and its token is served`,
  async check(scene) {
    const { world, name } = scene;
    scene.heal();
    const isProved = (): boolean => {
      const { state, reason } = world.state(name);
      return state === 'fresh' && reason === '';
    };
    await world.runUntil('a token that is proved', isProved, 2 * MINUTE_MS);
    expect(operations(scene.sent())).toEqual(calls);
    expect(scene.opened()).toEqual(code === undefined ? [] : [`${code} notice`]);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  },
});

const listed = (scene: Scene): Promise<readonly string[]> => scene.world.redis.lrange(scene.name, 0, -1);

/** When a list comes that did not: at the second try, at once; with the next token; or so because no time was left. */
export type ListComes = 'at once' | 'later' | 'later, tried once';

const listWords: Readonly<Record<ListComes, string>> = {
  'at once': 'asked again at once, and served for all',
  later: 'asked again at once, and with the next token, which is served for all',
  'later, tried once': 'asked again with the next token, which is served for all',
};

/** A list that did not come costs no token. */
export const listsLater = (list: string, lifeMs: number, comes: ListComes): Next => ({
  says: `the token served all the same; ${listWords[comes]}`,
  async check(scene) {
    const { world, name } = scene;
    const tries = comes === 'later, tried once' ? 1 : 2;
    await world.runFor(NOTICE_MS);
    expect(operations(scene.sent(list))).toHaveLength(tries);
    if (comes === 'at once') expect((await listed(scene)).length).toBeGreaterThan(1);
    else expect(await listed(scene)).toEqual([`token:${name}`]);
    expectWell(scene);
    scene.heal();
    await world.runFor(lifeMs);
    if (comes !== 'at once') expect(scene.sent(list)).toHaveLength(tries + 1);
    expect((await listed(scene)).length).toBeGreaterThan(1);
    expect(scene.opened()).toEqual([]);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  },
});

/** What the list is answered with concerns others too, or a person: it is heeded and said, and the token served. */
export const heedsList = (list: string, lifeMs: number, heed: Heed): Next => ({
  says: `the token served all the same, the list asked for once; ${heed.isSaid ? 'a warning' : 'no alert'}${heed.silenceMs === 0 ? '' : `, no call of ${heed.neighbour ? 'anybody' : 'this account'} for ${inWords(heed.silenceMs)}`}; over with the next list`,
  async check(scene, { line }) {
    const { world, name } = scene;
    await world.runFor(NOTICE_MS);
    expect(operations(scene.sent(list))).toHaveLength(1);
    expect(await listed(scene)).toEqual([`token:${name}`]);
    expect(scene.opened()).toEqual(heed.isSaid ? [`${heed.code} warning`] : []);
    expect(world.state(name)).toMatchObject({ state: 'fresh', reason: '' });
    scene.heal();
    const { neighbour } = heed;
    if (neighbour) await scene.add(neighbour);
    await world.runFor(line.at + heed.silenceMs - NOTICE_MS - world.now());
    const since = world.calls().filter(({ startedAt }) => startedAt > line.at);
    if (heed.silenceMs > 0) expect(since).toEqual([]);
    await world.runFor(lifeMs);
    if (neighbour) expect(world.token(String(neighbour.username))).toBeDefined();
    expect(scene.sent(list).length).toBeGreaterThan(1);
    expect((await listed(scene)).length).toBeGreaterThan(1);
    expect(scene.gaps()).toEqual([]);
    expectWell(scene);
  },
});

interface Heed {
  readonly code: string;
  /** False: it is over too soon to be news. */
  readonly isSaid: boolean;
  readonly silenceMs: number;
  /** Another account on the network, where the silence is the network's. */
  readonly neighbour?: RawEntry;
}

/** Nothing is wrong: the service goes on. */
export const worksOn = (lives: number, lifeMs: number): Next => ({
  says: lives === 0 ? 'served' : `served without a gap over ${lives} lifetimes`,
  async check(scene) {
    await scene.world.runFor(lives * lifeMs);
    expect(scene.gaps()).toEqual([]);
    expect(scene.opened()).toEqual([]);
    expectWell(scene);
  },
});
