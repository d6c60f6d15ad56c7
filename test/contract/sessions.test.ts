import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FaultKind } from '../../src/simulator/index.ts';
import { makeRig, offered, subjects, unhurried, type Broken, type Rig } from './rig.ts';

describe.each(subjects)('%s', (name, broker, offers) => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await makeRig(broker);
  });
  afterEach(() => rig.stop());

  if (offers.has('adopt'))
    describe('taking a token over', () => {
      test('that it issued gives the same expiry', async () => {
        const connection = rig.connect();
        const grant = await rig.grant(connection);
        const adopted = offered(offered(connection.adopt)(grant.token, rig.simulator.clock.now()));
        rig.expectSane(adopted);
        expect(Math.abs(adopted.expiresAt - grant.expiresAt)).toBeLessThan(1_000);
        expect(adopted).toMatchObject({
          token: grant.token,
          headers: grant.headers,
          tokenType: grant.tokenType,
        });
      });

      test('that has expired, or another text, is declined', async () => {
        const connection = rig.connect();
        const grant = await rig.grant(connection);
        const adopt = (text: string): unknown => offered(connection.adopt)(text, grant.expiresAt);
        expect([grant.token, '', 'made-up', 'a.b.c', '{}'].map(adopt)).toEqual(Array(5).fill(undefined));
      });
    });

  if (offers.has('probe'))
    describe('a probe', () => {
      test('proves a living token, and knows a dead one', async () => {
        const connection = rig.connect();
        const grant = await rig.grant(connection);
        const probe = offered(connection.probe);
        expect(await probe(grant, unhurried())).toBe('alive');
        rig.simulator.clock.set(grant.expiresAt + 1_000);
        expect(await probe(grant, unhurried())).toBe('dead');
      });

      test.each<FaultKind>(['html', 'status', 'empty', 'garbage', 'drop', 'throttle'])(
        'proves nothing by %s',
        async (kind) => {
          const connection = rig.connect();
          const grant = await rig.grant(connection);
          rig.simulator.fault({ broker: name, kind });
          const { error, calls } = await rig.failure(() => offered(connection.probe)(grant, unhurried()));
          expect(error.kind).not.toBe('needs-human');
          expect(calls).toHaveLength(1);
        },
      );
    });

  if (offers.has('renew'))
    describe('a renewal', () => {
      test('gives another token by one call, and spends what it sends once', async () => {
        const connection = rig.connect();
        const grant = await rig.grant(connection);
        const renew = offered(connection.renew);
        expect(connection.renewableUntil?.(grant) ?? grant.expiresAt).toBeGreaterThan(
          rig.simulator.clock.now(),
        );
        const before = rig.simulator.calls().length;
        const renewed = await renew(grant, unhurried());
        expect(rig.simulator.calls({ after: before })).toHaveLength(1);
        rig.expectSane(renewed);
        expect(renewed.token).not.toBe(grant.token);
        expect(renewed.owner).toBe(grant.owner);
        rig.expectSane(await renew(renewed, unhurried()));
        const spent = rig.simulator.calls().flatMap((entry) => entry.spent ?? []);
        expect(new Set(spent).size).toBe(spent.length);
        if (broker.policy.renewalIsSingleUse) expect(spent).toHaveLength(2);
      });

      if (broker.policy.renewalIsSingleUse)
        test('with what was spent is refused', async () => {
          const connection = rig.connect();
          const grant = await rig.grant(connection);
          const renew = offered(connection.renew);
          await renew(grant, unhurried());
          const { error, calls } = await rig.failure(() => renew(grant, unhurried()));
          expect(error.kind).toBe('refused');
          expect(calls).toHaveLength(1);
          const spent = rig.simulator.calls().flatMap((entry) => entry.spent ?? []);
          expect(spent[1]).toBe(spent[0]);
        });

      /** A renewal of a good grant that a fault breaks. */
      const broken = async (kind: FaultKind, status?: number): Promise<Broken> => {
        const connection = rig.connect();
        const grant = await rig.grant(connection);
        rig.simulator.fault({ broker: name, kind, ...(status !== undefined && { status }) });
        const call = kind === 'stall' ? rig.untilStalled() : unhurried();
        return rig.failure(() => offered(connection.renew)(grant, call));
      };

      test.each<[FaultKind, string]>([
        ['refuse', 'refused'],
        ['throttle', 'throttled'],
        ['stall', 'outcome-unknown'],
        ['drop', 'outcome-unknown'],
        ['drop-after', 'outcome-unknown'],
        ['half', 'outcome-unknown'],
      ])('that meets %s is %s', async (kind, expected) => {
        const { error, calls } = await broken(kind);
        expect(error.kind).toBe(expected);
        expect(calls).toHaveLength(1);
      });

      test.each<[string, FaultKind, number?]>([
        ['a page with 200', 'html', 200],
        ['a page with 403', 'html', 403],
        ['a redirect', 'status', 302],
        ['500', 'status', 500],
        ['garbage', 'garbage'],
        ['an empty body', 'empty'],
      ])('answered by %s never blames the password', async (_, kind, status) => {
        const { error, calls } = await broken(kind, status);
        expect(error.kind).not.toBe('needs-human');
        expect(calls).toHaveLength(1);
      });
    });
});
