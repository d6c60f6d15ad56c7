import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tradovateErrorCodes } from '../../../../src/brokers/tradovate/errors.ts';
import { api, bridge, errorRows, renewing, set, tell } from '../../../support/rows/tradovate.ts';
import { makeCall, makeRig, type Rig } from './rig.ts';
import { switchRows } from './switch-rows.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig();
});
afterEach(() => rig.stop());

describe('an error row', () => {
  test.each(errorRows.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    const connection = rig.connect(row.entry);
    const grant = row.during === 'sign-in' ? undefined : await rig.signIn(connection);
    row.arrange(rig.simulator);
    const call = row.stalls ? rig.untilStalled() : { signal: AbortSignal.timeout(5_000) };
    const { error, calls } = await rig.failure(() => makeCall(connection, row.during, grant, call));
    expect(error).toMatchObject(row.expect);
    expect(error.retryAfterMs).toBe(row.expect.retryAfterMs);
    expect(error.carry !== undefined).toBe(row.carries ?? false);
    expect(error.message).toMatch(/^[^{}<>]{20,600}$/s);
    expect(error.message).not.toMatch(/made-up/);
    expect(calls).toHaveLength(1);
  });

  test('is there for every code, on whichever call it comes', () => {
    const shown = new Set(errorRows.map((row) => row.expect.code));
    expect(tradovateErrorCodes.filter((code) => !shown.has(code))).toEqual([]);
  });

  test.each(['sign-in', 'renewal', 'proof', 'discovery', 'reach'] as const)(
    'connect or DNS failure: %s',
    async (step) => {
      const connection = rig.connect(renewing);
      const grant = await rig.signIn(connection);
      await rig.goAway();
      await expect(rig.take(connection, step, grant)).rejects.toMatchObject({
        kind: 'transient',
        code: 'unreachable',
        scope: 'broker',
        sent: false,
      });
    },
  );
});

describe('a switch', () => {
  test.each(
    switchRows.map(({ name, value, check }) => {
      const written = value === undefined ? 'default' : JSON.stringify(value);
      return [`${name}: ${written}`, { name, value, check }] as const;
    }),
  )('%s', async (_, row) => {
    set(row.name, row.value)(rig.simulator);
    await row.check(rig);
  });
});

describe('a penalty', () => {
  test.each([
    ['login', api],
    ['bridge', bridge],
  ])('of a %s is over after its time, by the identical body and the ticket', async (_, entry) => {
    tell('fail-logins')(rig.simulator);
    const { error } = await rig.failure(() => rig.signIn(rig.connect(entry)));
    rig.simulator.clock.shift(error.retryAfterMs ?? 0);
    // Another process, another connection: the ticket comes with the call.
    expect(await rig.signIn(rig.connect(entry), error.carry)).toMatchObject({ tokenType: 'Bearer' });
    expect(rig.simulator.calls()).toHaveLength(2);
  });

  test.each([
    ['too early', 14_000],
    ['with a ticket that nobody knows any more', 15_000],
  ])('answered %s is an hour of silence', async (how, afterMs) => {
    tell('fail-logins')(rig.simulator);
    const { error } = await rig.failure(() => rig.signIn(rig.connect(api)));
    rig.simulator.clock.shift(afterMs);
    if (how !== 'too early') {
      tell('forget-penalties')(rig.simulator);
      tell('fail-logins')(rig.simulator);
    }
    const { carry } = error;
    const second = await rig.failure(() => rig.signIn(rig.connect(api), carry));
    expect(second.error).toMatchObject({ code: 'time_penalty', scope: 'egress', retryAfterMs: 3_600_000 });
    expect(second.error.carry).toBeUndefined();
  });

  test.each(['wait only', 'query', 'header'])(
    'of a renewal is over after its time: renewPenalty: %s',
    async (place) => {
      set('limits.renew', 0)(rig.simulator);
      set('renewPenalty', place)(rig.simulator);
      const settings = place === 'wait only' ? {} : { TRADOVATE_RENEWAL_TICKET: place };
      const connection = rig.connect(api, settings);
      const grant = await rig.signIn(connection);
      const { error } = await rig.failure(() => rig.renew(connection, grant));
      rig.simulator.clock.shift(15_000);
      const renewed = await rig.renew(rig.connect(api, settings), grant, error.carry);
      expect(renewed.token).not.toBe(grant.token);
      expect(rig.simulator.calls({ operation: 'renew' })).toHaveLength(2);
    },
  );

  test.each(['query', 'header'])(
    'of a renewal that wants its ticket in the %s, and does not get it there, is an hour of silence',
    async (place) => {
      set('limits.renew', 0)(rig.simulator);
      set('renewPenalty', place)(rig.simulator);
      const connection = rig.connect(api);
      const grant = await rig.signIn(connection);
      const { error } = await rig.failure(() => rig.renew(connection, grant));
      rig.simulator.clock.shift(15_000);
      const second = await rig.failure(() => rig.renew(connection, grant, error.carry));
      expect(second.error).toMatchObject({ code: 'time_penalty', retryAfterMs: 3_600_000 });
    },
  );

  test('of a renewal gives its ticket to no login', async () => {
    set('limits.renew', 0)(rig.simulator);
    const connection = rig.connect(renewing);
    const grant = await rig.signIn(connection);
    const { error } = await rig.failure(() => rig.renew(connection, grant));
    tell('fail-logins')(rig.simulator);
    const login = await rig.failure(() => rig.signIn(connection, error.carry));
    expect(login.error).toMatchObject({ code: 'time_penalty', retryAfterMs: 15_000 });
  });

  test('with a captcha lasts an hour, begun anew by each call', async () => {
    const connection = rig.connect(api);
    const grant = await rig.signIn(connection);
    tell('captcha')(rig.simulator);
    rig.simulator.clock.shift(3_599_000);
    expect((await rig.failure(() => rig.renew(connection, grant))).error.code).toBe('captcha');
    rig.simulator.clock.shift(3_599_000);
    expect((await rig.failure(() => rig.signIn(connection))).error.code).toBe('captcha');
    rig.simulator.clock.shift(3_600_000);
    await rig.signIn(connection);
  });
});
