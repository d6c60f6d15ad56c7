import { afterEach, describe, expect, test } from 'vitest';
import { intervene } from '../interventions.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, restart, SECOND_MS } from './clockwork.ts';

let world: World;
afterEach(() => world.stop());

const ig = {
  broker: 'ig',
  name: 'PAIR',
  username: 'IG_PAIR',
  password: 'made-up-pass',
  apiKey: 'made-up-key',
  environment: 'demo',
};

const served = (...names: readonly string[]): Promise<void> =>
  world.runUntil('tokens', () => names.every((name) => world.token(name) !== undefined), MINUTE_MS);

/** The keys are gone whether or not the session is, and the person hears which, and until when the token lives. */
describe('a logout that the broker does not make', () => {
  /** Asks for it, and checks what holds in any case. */
  async function fails(name: string, why: RegExp): Promise<void> {
    const { expiresAt } = world.meta(name);
    const answer = await intervene(world, 'logout', name);
    expect(answer).toMatchObject({
      outcome: 'done',
      state: 'paused',
      session: { ended: false, reason: expect.stringMatching(why) as unknown, valid_until: expiresAt },
    });
    expect(answer.message).toMatch(
      /its session was not ended at the broker: .* good there until \w{3} \d+ \w{3} \d\d:\d\d UTC/s,
    );
    expect(world.token(name)).toBeUndefined();
    expect(world.log.at(-1)?.fields).toMatchObject({ event: 'account.logged_out', how: 'failed' });
  }

  /** However long it is over, and whoever starts anew: the session ends by itself, and nobody is told off. */
  async function restsFor(name: string, logouts: number): Promise<void> {
    await restart(world);
    await world.runFor(HOUR_MS);
    expect(world.calls({ operation: 'logout' })).toHaveLength(logouts);
    expect(world.state(name)).toMatchObject({ state: 'paused', reason: 'logged_out' });
    await intervene(world, 'resume', name);
    await served(name);
    expect(world.calls({ operation: 'logout' })).toHaveLength(logouts);
    expect(world.alerts).toEqual([]);
  }

  test('because no answer comes: one call, given up at its deadline', async () => {
    world = await makeWorld({ entries: [ig] });
    await served('PAIR');
    world.fault({ broker: 'ig', operation: 'logout', kind: 'stall' });
    const from = world.now();
    await fails('PAIR', /did not answer in time/);
    expect(world.now() - from).toBeLessThan(10 * SECOND_MS);
    world.clearFaults();
    await restsFor('PAIR', 1);
  });

  test('because the broker fails: one call', async () => {
    world = await makeWorld({ entries: [ig] });
    await served('PAIR');
    world.fault({ broker: 'ig', operation: 'logout', kind: 'status', status: 500 });
    await fails('PAIR', /HTTP 500/);
    world.clearFaults();
    await restsFor('PAIR', 1);
  });

  test('because it has asked for silence: no call, neither then nor when the silence is over', async () => {
    const other = { ...ig, name: 'OTHER', username: 'IG_OTHER' };
    world = await makeWorld({ entries: [ig, other] });
    await served('PAIR', 'OTHER');
    world.fault({ broker: 'ig', operation: 'refresh-token', kind: 'throttle', times: 1 });
    await world.runUntil('the silence', () => world.calls({ fault: 'throttle' }).length > 0, MINUTE_MS);
    await world.runFor(SECOND_MS);
    await fails('PAIR', /asked for silence until/);
    await world.runFor(MINUTE_MS);
    expect(world.calls({ operation: 'logout' })).toEqual([]);
    expect(world.token('OTHER')).toBeDefined();
  });

  test('because its limits are spent: no call', async () => {
    world = await makeWorld({ entries: [ig], settings: { IG_ACCOUNT_CALLS_PER_MINUTE: '1' } });
    await served('PAIR');
    await fails('PAIR', /may not be called before/);
    await world.runFor(MINUTE_MS);
    expect(world.calls({ operation: 'logout' })).toEqual([]);
  });
});
