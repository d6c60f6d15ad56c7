import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RawEntry } from '../../src/core/broker.ts';
import type { Replica } from './replica.ts';
import { makeWorld, type World } from './world.ts';

/*
 * An old and a new credentials file at the same time: a deploy that takes long, or a file that reached one host only.
 * Whatever is changed in an entry, the two processes must not make and unmake each other's sessions: the newer entry's
 * are served, and one that is rolled back takes effect.
 */

const S = 1_000;
const M = 60 * S;
const H = 60 * M;

const v3: RawEntry = {
  name: 'DESK',
  broker: 'ig',
  username: 'IG',
  password: 'made-up-pass',
  apiKey: 'key-1',
};
const v2: RawEntry = { ...v3, session: 'v2' };
const tradovate: RawEntry = { name: 'DESK', username: 'TV_1', password: 'made-up-pass' };
/** What is changed, what readers see of it, how long it is watched, the logins it costs, and those that the tokens' age brings by then. */
const changes: readonly [string, RawEntry, RawEntry, (world: World) => unknown, number, number, number][] = [
  ['the API key (v3)', v3, { ...v3, apiKey: 'key-2' }, keyIn, H, 1, 0],
  ['the account (v3)', v3, { ...v3, accountId: 'ABC02' }, accountIn, H, 0, 0],
  ['the API key (v2)', v2, { ...v2, apiKey: 'key-2' }, keyIn, 4 * H, 1, 0],
  ['the account (v2)', v2, { ...v2, accountId: 'ABC02' }, accountIn, 4 * H, 1, 0],
  ['the kind of session', v3, v2, (world) => world.meta('DESK')['tokenType'], 4 * H, 1, 0],
  [
    'the user',
    tradovate,
    { ...tradovate, username: 'TV_2' },
    (world) => world.meta('DESK')['username'],
    150 * M,
    1,
    2,
  ],
];

function keyIn(world: World): unknown {
  const headers: unknown = JSON.parse(world.meta('DESK')['headers'] ?? '{}');
  return Object.entries(headers ?? {}).find(([name]) => name === 'X-IG-API-KEY')?.[1];
}
function accountIn(world: World): unknown {
  return world.meta('DESK')['accountId'];
}

let world: World;
afterEach(() => world.stop());

describe.for(changes)('two files that differ in %s', ([, before, after, seenIn, ms, logins, later]) => {
  const isLogin = ({ operation }: { readonly operation: string | undefined }): boolean =>
    operation === 'login' || operation === 'authorize';
  /** What readers saw one after the other; undefined while there is no token. */
  const seen: unknown[] = [];

  const loginsAfter = (mark: number): number => world.calls({ after: mark }).filter(isLogin).length;
  const lastCall = (): number => world.calls().at(-1)?.n ?? 0;
  const look = (): void => {
    const value = world.token('DESK') === undefined ? undefined : seenIn(world);
    if (seen.length === 0 || seen.at(-1) !== value) seen.push(value);
  };
  const change = async (entry: RawEntry, ...replicas: Replica[]): Promise<void> => {
    world.writeEntries([entry]);
    for (const replica of replicas) await world.reload(replica);
  };
  const replica = (i: number): Replica => {
    const found = world.replicas()[i];
    if (!found) throw new Error(`there is no replica ${i}`);
    return found;
  };

  beforeEach(async () => {
    seen.length = 0;
    world = await makeWorld({ entries: [before], replicas: 2, sharesDisk: true });
    await world.runUntil('a token', () => world.token('DESK') !== undefined, M);
    await world.runFor(10 * S);
    world.onStep(look);
    look();
  });

  it.for([0, 1])('the newer one is served, whichever process has it (%i)', async (which) => {
    const mark = lastCall();
    await change(after, replica(which));
    await world.runFor(ms);
    expect(seen.filter((each) => each !== undefined)).toHaveLength(2);
    expect(seen.filter((each) => each === undefined).length).toBeLessThanOrEqual(1);
    expect(loginsAfter(mark)).toBe(logins + later);
  });

  it('rolled back in the process that has it: the old one is served again', async () => {
    const [old] = seen;
    await change(after, replica(1));
    await world.runFor(5 * M);
    expect(seen.at(-1)).not.toBe(old);
    const mark = lastCall();
    await change(before, replica(1));
    await world.runFor(5 * M);
    expect(seen.at(-1)).toBe(old);
    expect(loginsAfter(mark)).toBe(logins);
  });

  it('a process that starts with the old one leaves the newer be, and has its way when nobody has that any more', async () => {
    const [old] = seen;
    await change(after, replica(0), replica(1));
    await world.runFor(5 * M);
    const served = seen.at(-1);
    expect(served).not.toBe(old);
    const mark = lastCall();
    world.writeEntries([before]);
    await world.startReplica();
    await world.runFor(ms / 4);
    expect(seen.at(-1)).toBe(served);
    expect(loginsAfter(mark)).toBe(0);
    replica(0).stop();
    replica(1).life.kill();
    await world.runFor(2 * M);
    expect(seen.at(-1)).toBe(old);
    expect(loginsAfter(mark)).toBe(logins);
  });

  it('an emptied Redis does not bring the old one back', async () => {
    await change(after, replica(1));
    await world.runFor(5 * M);
    const served = seen.at(-1);
    seen.length = 0;
    world.loseData(() => world.redisServer.keyspace.clear());
    await world.runFor(ms / 4);
    expect(seen.filter((each) => each !== undefined)).toEqual([served]);
  });
});

describe('two files that name different users, of whom a person logs in', () => {
  it('once the newer one has its token, the older neither takes it from readers nor calls the person', async () => {
    const entry = (userId: string): RawEntry => ({
      broker: 'upstox',
      name: 'DESK',
      clientId: 'made-up-app',
      clientSecret: 'made-up-secret',
      redirectUri: 'https://app.example/callback',
      userId,
    });
    const startAt = Date.UTC(2026, 0, 16, 3, 30);
    world = await makeWorld({ entries: [entry('AB0001')], replicas: 2, sharesDisk: true, startAt });
    for (const user of ['AB0001', 'AB0002']) world.command('upstox', 'register', `made-up-app ${user}`);
    await world.runFor(10 * S);
    world.writeEntries([entry('AB0002')]);
    // Its link is the one that is opened.
    await world.reload(world.replicas()[0]);
    await world.runFor(10 * S);
    const states = new Set<string | undefined>();
    const login = world.logIn('DESK');
    await world.runUntil('a token', () => world.token('DESK') !== undefined, M);
    await login;
    await world.runFor(S);
    expect(world.meta('DESK')['userId']).toBe('AB0002');
    const opened = world.alerts.length;
    world.onStep(() => states.add(world.state('DESK')['state']));
    for (let asked = 0; asked < 12; asked++) {
      await world.requestRefresh('DESK', false);
      await world.runFor(10 * M);
    }
    expect([...states]).toEqual(['fresh']);
    expect(world.alerts.slice(opened).filter(({ what }) => what === 'opened')).toEqual([]);
  });
});
