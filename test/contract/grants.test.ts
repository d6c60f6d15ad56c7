import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FaultKind } from '../../src/simulator/index.ts';
import { makeRig, offered, subjects, unhurried, type Broken, type Rig } from './rig.ts';

describe.each(subjects)('%s', (name, broker, offers) => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await makeRig(broker);
  });
  afterEach(() => rig.stop());

  /** Breaks the one call that gets a grant. */
  const broken = async (kind: FaultKind, status?: number): Promise<Broken> => {
    const attempt = await rig.prepared(rig.connect());
    rig.simulator.fault({ broker: name, kind, ...(status !== undefined && { status }) });
    return rig.failure(() => attempt(kind === 'stall' ? rig.untilStalled() : unhurried()));
  };

  describe('getting a grant', () => {
    test('gives a token with sane times, by one call', async () => {
      const attempt = await rig.prepared(rig.connect());
      const before = rig.simulator.calls().length;
      rig.expectSane(await attempt(unhurried()));
      expect(rig.simulator.calls({ after: before })).toMatchObject([{ effect: true, status: 200 }]);
    });

    test('twice gives two different tokens of one owner', async () => {
      const connection = rig.connect();
      const [first, second] = [await rig.grant(connection), await rig.grant(connection)];
      expect(second.token).not.toBe(first.token);
      expect(second.owner).toBe(first.owner);
    });

    test('with a wrong secret costs one call and needs a person', async () => {
      const attempt = await rig.prepared(rig.connect(rig.sample.wrong));
      const { error, calls } = await rig.failure(() => attempt(unhurried()));
      expect(['needs-human', 'refused']).toContain(error.kind);
      expect(error.sent).toBe(true);
      expect(calls).toHaveLength(1);
    });

    test('refused by the broker costs one call and needs a person', async () => {
      const { error, calls } = await broken('refuse');
      expect(['needs-human', 'refused']).toContain(error.kind);
      expect(calls).toHaveLength(1);
    });

    test('throttled says so', async () => {
      const { error, calls } = await broken('throttle');
      expect(error.kind).toBe('throttled');
      expect(error.retryAfterMs ?? 1).toBeGreaterThan(0);
      expect(calls).toHaveLength(1);
    });

    test('stalled ends at the deadline with an unknown outcome', async () => {
      const { error, calls } = await broken('stall');
      expect(error).toMatchObject({ kind: 'outcome-unknown', sent: true });
      expect(calls).toHaveLength(1);
    });

    test.each<[string, FaultKind, boolean]>([
      ['before it took effect', 'drop', false],
      ['after it took effect', 'drop-after', true],
      ['in the middle of the answer', 'half', true],
    ])('dropped %s has an unknown outcome', async (_, kind, effect) => {
      const { error, calls } = await broken(kind);
      expect(error).toMatchObject({ kind: 'outcome-unknown', sent: true });
      expect(calls).toMatchObject([{ fault: kind, effect }]);
    });

    test('from a host that refuses connections is transient, and nothing was sent', async () => {
      const attempt = await rig.prepared(rig.connect());
      await rig.goAway();
      const { error } = await rig.failure(() => attempt(unhurried()));
      expect(error).toMatchObject({ kind: 'transient', sent: false });
    });

    test.each<[string, FaultKind, number?]>([
      ['a page with 200', 'html', 200],
      ['a page with 403', 'html', 403],
      ['a page with 429', 'html', 429],
      ['a page with 502', 'html', 502],
      ['garbage', 'garbage'],
      ['an empty body', 'empty'],
      ['204', 'status', 204],
      ['a redirect', 'status', 302],
      ['a lasting redirect', 'status', 308],
      ['400', 'status', 400],
      ['404', 'status', 404],
      ['418', 'status', 418],
      ['500', 'status', 500],
      ['503', 'status', 503],
      ['504', 'status', 504],
    ])('answered by %s is sorted, is no success and is not repeated', async (_, kind, status) => {
      const { error, calls } = await broken(kind, status);
      expect(error.sent).toBe(true);
      expect(error.status).toBe(calls[0]?.status);
      expect(calls).toHaveLength(1);
      // A gateway's failure says nothing about the account.
      if ((status ?? 0) >= 500) expect(['transient', 'outcome-unknown']).toContain(error.kind);
    });

    test('given up before it was sent sends nothing', async () => {
      const attempt = await rig.prepared(rig.connect());
      const { error, calls } = await rig.failure(() => attempt({ signal: AbortSignal.abort() }));
      expect(error).toMatchObject({ kind: 'transient', sent: false });
      expect(calls).toEqual([]);
    });
  });

  if (offers.has('consent'))
    describe('a consent', () => {
      test.each([
        ['a refusal', { error: 'access_denied' }],
        ['nothing', {}],
        ['an empty code', { code: '' }],
      ])('that brings back %s is an error without a call', async (_, arrival) => {
        const consent = offered(rig.connect().consent);
        const { calls } = await rig.failure(() => consent.receive(arrival, unhurried()));
        expect(calls).toEqual([]);
      });

      test('sends its state along, and spends each code once', async () => {
        const connection = rig.connect();
        const link = new URL(offered(connection.consent).url('made-up-state'));
        expect(link.searchParams.get('state')).toBe('made-up-state');
        const attempt = await rig.prepared(connection);
        await attempt(unhurried());
        const { error } = await rig.failure(() => attempt(unhurried()));
        expect(error.kind).toBe('refused');
      });

      test('asks a person now or later, never before', () => {
        const now = rig.simulator.clock.now();
        expect(offered(rig.connect().consent).askAt(now)).toBeGreaterThanOrEqual(now);
      });
    });
});
