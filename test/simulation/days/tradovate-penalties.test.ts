import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { api, bridge, renewing } from '../../support/rows/tradovate.ts';
import type { BrokerCall } from '../broker-net.ts';
import { makeWorld, type World } from '../world.ts';
import { expectAllWell, HOUR_MS, MINUTE_MS, restart, SECOND_MS, watchGaps } from './clockwork.ts';

/* What Tradovate asks of a whole network is done by all of it: by every account, replica and restart. */

const numbered = (count: number, entry: RawEntry): readonly RawEntry[] =>
  Array.from({ length: count }, (_, i) => ({ ...entry, username: `USER_${i}` }));
const namesOf = (entries: readonly RawEntry[]): readonly string[] =>
  entries.map(({ username }) => String(username));

let world: World;
afterEach(() => world.stop());

const open = async (entries: readonly RawEntry[], replicas = 1): Promise<readonly string[]> => {
  world = await makeWorld({ entries, replicas, sweepEveryMs: 5 * MINUTE_MS });
  return namesOf(entries);
};
const between = (from: number, until: number): readonly BrokerCall[] =>
  world.calls().filter(({ startedAt }) => startedAt >= from && startedAt < until);
/** The instant of the first call from now on that was answered so. */
async function firstSaid(word: string, limitMs: number): Promise<BrokerCall> {
  const from = world.calls().length;
  const find = (): BrokerCall | undefined =>
    world
      .calls({ after: from })
      .find(({ answer, deliveredAt }) => deliveredAt !== undefined && said(answer?.body).includes(word));
  await world.runUntil(word, () => find() !== undefined, limitMs);
  const found = find();
  if (!found) throw new Error(word);
  return found;
}
const said = (body: unknown): string => JSON.stringify(body ?? '');
const ticketIn = (call: BrokerCall | undefined): string | undefined =>
  /"p-ticket":"([^"]+)"/.exec(said(call?.answer?.body))?.[1];

describe('a time penalty', () => {
  test.each([
    ['a bridge login', bridge, 'authorize'],
    ['a native login', api, 'access-token-request'],
  ])(
    'of %s is answered by the same body and its ticket, by whichever replica goes on',
    async (_, entry, operation) => {
      const [name = ''] = await open([entry], 2);
      world.command('tradovate', 'fail-logins');
      const first = await firstSaid('p-ticket', MINUTE_MS);
      const penalised = world.replicas().find(({ life }) => life.name === first.by);
      penalised?.life.kill();
      await world.runUntil('a token', () => world.token(name) !== undefined, 20 * SECOND_MS);
      const [, second, ...more] = world.calls({ operation });
      expect(more).toEqual([]);
      expect(second?.by).not.toBe(first.by);
      expect((second?.startedAt ?? 0) - (first.deliveredAt ?? 0)).toBeGreaterThanOrEqual(15 * SECOND_MS);
      const ticket = ticketIn(first) ?? '';
      expect(ticket).not.toBe('');
      expect(second?.request.body).toContain(ticket);
      expectAllWell(world, [name]);
    },
  );

  test('of an hour, in answer to the proof after a renewal that was interrupted, is said and obeyed', async () => {
    const [name = ''] = await open([api], 2);
    await world.runUntil('a token', () => world.token(name) !== undefined, MINUTE_MS);
    world.setSwitch('tradovate', 'throttleWith', '429');
    world.fault({ broker: 'tradovate', kind: 'throttle', operation: 'me' });
    world.onCall(({ operation, by }, what) => {
      const dead = operation === 'renew' && what === 'arrived' ? by : undefined;
      world
        .replicas()
        .find(({ life }) => life.name === dead)
        ?.life.kill();
    });
    const count = (): number => world.calls().length;
    await world.runUntil('the proof', () => world.calls({ operation: 'me' }).length > 0, 70 * MINUTE_MS);
    await world.runFor(10 * SECOND_MS);
    expect(world.openIncidents().map(({ code }) => code)).toEqual(['rate_limited']);
    const before = count();
    await world.requestRefresh(name, false);
    await world.runFor(20 * MINUTE_MS);
    expect(count()).toBe(before);
    expect(world.state(name)).toMatchObject({ state: 'expired', reason: 'rate_limited' });
  });

  test('of five logins of others stops nobody: each in turn brings its ticket', async () => {
    const names = await open(numbered(8, bridge));
    world.command('tradovate', 'fail-logins');
    await world.runFor(10 * MINUTE_MS);
    expectAllWell(world, names);
    const calls = world.calls({ operation: 'authorize' });
    // Two for each: the one that is penalised, and the one that brings the ticket.
    expect(calls.length).toBeLessThanOrEqual(16);
    expect(calls.filter(({ answer }) => said(answer?.body).includes('p-captcha'))).toEqual([]);
  });
});

describe('an hour of silence', () => {
  test.each([
    ['a captcha', 200, 'p-captcha', 'captcha', 'captcha', renewing],
    ['423', 423, '', '423', 'lockout_near', renewing],
    // On a token it would be that user's own limit.
    ['429', 429, '', '429', 'rate_limited', bridge],
  ])(
    'after %s: no call of anybody, over restarts and a new replica; then everybody. One message tells of all',
    async (_, status, word, throttleWith, code, entry) => {
      const names = await open(numbered(6, entry), 2);
      await world.runFor(10 * MINUTE_MS);
      expectAllWell(world, names);
      const gaps = watchGaps(world, names);
      world.setSwitch('tradovate', 'throttleWith', throttleWith);
      world.fault({ broker: 'tradovate', kind: 'throttle', times: 1 });
      const from = world.calls().length;
      await world.runUntil('the signal', () => world.openIncidents().length > 0, 80 * MINUTE_MS);
      const signal = world.calls({ after: from })[0];
      expect(signal?.status).toBe(status);
      if (word !== '') expect(said(signal?.answer?.body)).toContain(word);
      // Who had sent already before the answer came is not called back.
      const at = signal?.deliveredAt ?? 0;
      await world.runFor(10 * MINUTE_MS);
      await restart(world);
      await world.runFor(15 * MINUTE_MS);
      await world.startReplica();
      await world.runFor(at + HOUR_MS - SECOND_MS - world.now());
      expect(between(at + SECOND_MS, at + HOUR_MS)).toEqual([]);
      // One message for all that it holds, under what brought it, and as bad as it is by now.
      const [incident, ...others] = world.openIncidents();
      expect(others).toEqual([]);
      expect(incident?.code).toBe(code);
      expect(incident?.level).toBe('critical');
      expect([...(incident?.accounts ?? [])].sort()).toEqual([...names].sort());
      // Tokens were good for 15 minutes more at least, and were served so long.
      for (const name of names) {
        for (const gap of gaps.of(name)) expect(gap.from).toBeGreaterThanOrEqual(at + 14 * MINUTE_MS);
      }
      await world.runFor(2 * MINUTE_MS);
      expectAllWell(world, names);
      expect(world.alerts.map((each) => `${each.what} ${each.code}`)).toEqual([
        `opened ${code}`,
        `closed ${code}`,
      ]);
      // One goes first; nobody was refused for coming at once.
      expect(between(at + HOUR_MS, world.now()).filter(({ status }) => status !== 200)).toEqual([]);
    },
  );

  test('of one user (429 on its token) holds up nobody else', async () => {
    const names = await open(numbered(6, renewing));
    await world.runFor(MINUTE_MS);
    const gaps = watchGaps(world, names);
    const { remove } = world.fault({
      broker: 'tradovate',
      kind: 'status',
      status: 429,
      username: 'USER_0',
      operation: 'renew',
    });
    await world.runFor(80 * MINUTE_MS);
    remove();
    await world.runFor(60 * MINUTE_MS);
    expect(names.slice(1).flatMap((name) => gaps.of(name))).toEqual([]);
    expect(gaps.of('USER_0')).toHaveLength(1);
    expectAllWell(world, names);
  });
});

describe('discoverAccounts', () => {
  test.each([
    ['a native login', api, 'account-list'],
    ['a bridge login that renews', renewing, 'bridge-accounts'],
  ])(
    'of %s is asked again at a renewal each few hours, and at each while it is empty',
    async (_, entry, list) => {
      const [name = ''] = await open([{ ...entry, discoverAccounts: true }]);
      world.setSwitch('tradovate', 'accountNames', []);
      await world.runFor(70 * MINUTE_MS);
      expect(world.calls({ operation: list })).toHaveLength(2);
      world.setSwitch('tradovate', 'accountNames', ['APEX_1']);
      await world.runFor(65 * MINUTE_MS);
      expect(world.token('APEX_1')).toBe(world.token(name));
      world.setSwitch('tradovate', 'accountNames', ['APEX_1', 'APEX_2']);
      const asked = world.calls({ operation: list }).length;
      await world.runFor(6 * HOUR_MS);
      expect(world.token('APEX_2')).toBe(world.token(name));
      expect(world.calls({ operation: list }).length - asked).toBe(1);
      // A day by renewals alone: no login was made for it.
      expect(
        world.calls({ operation: entry.login === 'api' ? 'access-token-request' : 'authorize' }),
      ).toHaveLength(1);
      expectAllWell(world, [name]);
    },
  );

  test('serves the token to each listed sub-account, follows the list, and leaves a configured name to its owner', async () => {
    const listing = { ...bridge, username: 'LISTING', discoverAccounts: true };
    const other = { ...bridge, username: 'OTHER', accounts: ['APEX_TAKEN'] };
    const names = await open([listing, other]);
    world.setSwitch('tradovate', 'accountNames', ['APEX_1', 'APEX_2', 'APEX_TAKEN']);
    await world.runFor(MINUTE_MS);
    expectAllWell(world, names);
    for (const name of ['APEX_1', 'APEX_2']) expect(world.token(name)).toBe(world.token('LISTING'));
    expect(world.token('APEX_TAKEN')).toBe(world.token('OTHER'));
    expect(world.meta('APEX_1')).toMatchObject({ username: 'LISTING' });

    world.setSwitch('tradovate', 'accountNames', ['APEX_2', 'APEX_3']);
    await world.runFor(65 * MINUTE_MS);
    for (const name of ['APEX_2', 'APEX_3']) expect(world.token(name)).toBe(world.token('LISTING'));
    // A key that is listed no longer runs out with its token.
    await world.runFor(80 * MINUTE_MS);
    expect(world.token('APEX_1')).toBeUndefined();
    expect(world.token('APEX_2')).toBeDefined();
    expectAllWell(world, names);
  });
});
