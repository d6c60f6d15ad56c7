import { afterEach, describe, expect, test } from 'vitest';
import { v3 } from '../../support/rows/ig-row.ts';
import type { BrokerCall } from '../broker-net.ts';
import { makeWorld, type World, type WorldOptions } from '../world.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './clockwork.ts';

/* Passwords are not sent again and again for what no password mends. */

let world: World;
afterEach(() => world.stop());

const open = async (options: WorldOptions): Promise<void> => {
  world = await makeWorld({ sweepEveryMs: 5 * MINUTE_MS, ...options });
};
const logins = (operation: string): readonly BrokerCall[] => world.calls({ operation });

describe('a token that cannot be proved costs no login a minute', () => {
  const IG = { broker: 'ig', ...v3, username: 'PROVED', verify: true };
  const answer = (more: object): void =>
    void world.command('ig', 'answer', JSON.stringify({ operation: 'session', ...more }));
  const incidents = (): readonly string[] => world.openIncidents().map(({ code }) => code);

  test('where only a person helps, the password goes out once; once more when they allow it', async () => {
    await open({ entries: [IG] });
    answer({ status: 403, errorCode: 'error.security.account-access-denied' });
    await world.runFor(3 * HOUR_MS);
    expect(logins('login')).toHaveLength(1);
    expect(world.state('PROVED')).toMatchObject({ state: 'stopped', reason: 'account_unavailable' });
    expect(incidents()).toEqual(['account_unavailable']);
    world.command('ig', 'clear-answers');
    world.timeline.after(0, async () => {
      await world.requestRefresh('PROVED', true);
    });
    await world.runFor(10 * MINUTE_MS);
    expect(logins('login')).toHaveLength(2);
    expect(world.state('PROVED')).toMatchObject({ state: 'fresh' });
    expect(incidents()).toEqual([]);
  });

  test.each([
    ['a quota', { status: 403, errorCode: 'error.public-api.exceeded-account-allowance' }],
    ['a gateway', { status: 502, page: true }],
  ])('where %s stands in the way: four, then one each quarter of an hour', async (_, how) => {
    await open({ entries: [IG] });
    answer(how);
    await world.runFor(2 * HOUR_MS);
    expect(logins('login').length).toBeLessThanOrEqual(4 + 8);
    expect(logins('login').length).toBeGreaterThanOrEqual(8);
    world.command('ig', 'clear-answers');
    await world.runFor(20 * MINUTE_MS);
    expect(world.state('PROVED')).toMatchObject({ state: 'fresh' });
  });
});

test('logins that nobody answers keep their pace where the token they were to replace is found dead', async () => {
  await open({ entries: [{ broker: 'ig', ...v3, username: 'PACED', session: 'v2' }] });
  await world.runUntil('a token', () => world.token('PACED') !== undefined, MINUTE_MS);
  world.fault({ broker: 'ig', kind: 'drop', operation: 'login' });
  const unanswered = (): readonly BrokerCall[] => logins('login').slice(1);
  world.onCall((call, what) => {
    if (what === 'arrived' && call.operation === 'login' && unanswered().length === 4)
      world.command('ig', 'expire-all');
  });
  await world.runUntil('four logins', () => unanswered().length === 4, 7 * HOUR_MS);
  await world.runFor(HOUR_MS);
  const [fourth, ...later] = unanswered().slice(3);
  expect(
    world.calls({ operation: 'session', after: fourth?.n ?? 0 }).some(({ status }) => status === 401),
  ).toBe(true);
  expect(later.length).toBeGreaterThanOrEqual(3);
  const gaps = later.map(({ startedAt }, i) => startedAt - (unanswered()[i + 3]?.startedAt ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(14 * MINUTE_MS);
});

test('the warning of a login that is put off beside a good token stays until that login works, and closes once', async () => {
  await open({ entries: [{ broker: 'ig', ...v3, username: 'PUT_OFF', session: 'v2' }] });
  await world.runUntil('a token', () => world.token('PUT_OFF') !== undefined, MINUTE_MS);
  const silence = world.fault({ broker: 'ig', kind: 'drop-after', operation: 'login' });
  await world.runUntil('two logins', () => logins('login').length === 3, 5 * HOUR_MS);
  silence.remove();
  await world.runFor(10 * MINUTE_MS);
  const [proof] = world.calls({ operation: 'session', after: logins('login').at(-1)?.n ?? 0 });
  expect(proof?.status).toBe(200);
  expect(world.state('PUT_OFF')).toMatchObject({ state: 'backing_off', reason: 'no_answer' });
  expect(world.openIncidents().map(({ code, level }) => `${level} ${code}`)).toEqual(['warning no_answer']);
  await world.runUntil('the next login', () => logins('login').length === 4, 2 * HOUR_MS);
  await world.runFor(MINUTE_MS);
  expect(world.state('PUT_OFF')).toMatchObject({ state: 'fresh' });
  expect(world.alerts.map(({ what, code }) => `${what} ${code}`)).toEqual([
    'opened no_answer',
    'closed no_answer',
  ]);
});

describe('a broker that fails at logins', () => {
  test('is sent a password half a minute apart at most, after forty in a day no sooner, and serves as soon as it can', async () => {
    await open({ entries: [{ broker: 'ig', ...v3, username: 'FAILED' }] });
    world.command(
      'ig',
      'answer',
      JSON.stringify({ operation: 'login', status: 500, errorCode: 'system.error' }),
    );
    await world.runFor(2 * HOUR_MS);
    const at = logins('login').map(({ startedAt }) => startedAt);
    const apart = at.slice(1).map((each, i) => Math.round((each - (at[i] ?? 0)) / SECOND_MS));
    expect(Math.max(...apart)).toBeLessThanOrEqual(31);
    expect(Math.min(...apart.slice(39))).toBeGreaterThanOrEqual(30);
    world.command('ig', 'clear-answers');
    await world.runFor(32 * SECOND_MS);
    expect(world.state('FAILED')).toMatchObject({ state: 'fresh' });
  });
});
