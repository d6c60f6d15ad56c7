import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerError } from '../../src/core/errors.ts';
import type { FaultRule, LedgerEntry } from '../../src/simulator/index.ts';
import { hostileSubjects, makeHostileRig, type HostileRig, type Part } from './hostile-rig.ts';
import { unhurried } from './rig.ts';

type Hostility = Omit<FaultRule, 'broker'>;

/** What a WAF, a proxy or a broken server answers with. None of it says anything about an account. */
const noAnswers: readonly (readonly [string, Hostility])[] = [
  ['a page with 200', { kind: 'html', status: 200 }],
  ...[400, 401, 403, 404, 405, 407].map((status): readonly [string, Hostility] => [
    `a page with ${status}`,
    { kind: 'html', status },
  ]),
  ['a page with 429', { kind: 'html', status: 429 }],
  ['a page with 502', { kind: 'html', status: 502 }],
  ['a page with 503', { kind: 'html', status: 503 }],
  ['an empty body', { kind: 'empty' }],
  ['half a body', { kind: 'half' }],
  ['garbage with 200', { kind: 'garbage' }],
  ['301', { kind: 'status', status: 301 }],
  ['302', { kind: 'status', status: 302 }],
  ['307', { kind: 'status', status: 307 }],
  ['308', { kind: 'status', status: 308 }],
  ['10 MB', { kind: 'large' }],
  ['a compressed body', { kind: 'gzip' }],
  ['a trickle', { kind: 'trickle', ms: 5 }],
  ['nothing at all', { kind: 'stall' }],
];

/** What is right but for its label. */
const mislabelled: readonly (readonly [string, Hostility])[] = [
  ['text/plain', { kind: 'wrong-type' }],
  ['image/png', { kind: 'wrong-type', type: 'image/png' }],
  ['text/html', { kind: 'wrong-type', type: 'text/html; charset=utf-8' }],
];

/** These may be repeated at will: their answer is no one's last chance. */
const harmless: readonly Part[] = ['probe', 'discover', 'reach', 'signOut'];
/** IG documents no body for a logout: any 2xx will do. */
const takesAny2xx = (name: string): boolean => name.startsWith('ig ') && name.endsWith(' signOut');
/** Upstox' edge refuses an address for good with such a page. */
const meansBlocked = (name: string, { kind, status }: Hostility): boolean =>
  name.startsWith('upstox ') && kind === 'html' && status === 403;

/** IG answers a dead refresh token with these, and one that was sent is spent either way: a login follows. */
const endsPair = (name: string, { kind, status }: Hostility): boolean =>
  name === 'ig (v3) renew' && kind === 'html' && (status === 400 || status === 401);

/** Whether Tradovate is there is all that is asked: whatever comes below 500 and is no page answers it. */
const isThere = (name: string, { kind }: Hostility): boolean =>
  /^tradovate .* reach$/.test(name) && ['status', 'empty', 'garbage', 'gzip'].includes(kind);

/** What may be kept of an answer of 10 MB, bytes. */
const MOST_TAKEN = 1024 * 1024;
/** How long after its deadline a call may take to end, ms. */
const GRACE_MS = 1_000;

/** How often each operation was called. */
const counted = (calls: readonly LedgerEntry[]): readonly number[] =>
  [...Map.groupBy(calls, ({ operation }) => operation)].map(([, group]) => group.length);

describe.each(hostileSubjects)('%s', (name, subject) => {
  const { broker, kind, part } = subject;
  let rig: HostileRig;
  beforeEach(async () => {
    rig = await makeHostileRig(subject);
  });
  afterEach(() => rig.stop());

  /** The call under the fault, and how long it took to end after its deadline (0 where none passed), ms. */
  async function meet(fault: Hostility): Promise<{ end: () => Promise<unknown>; late: () => number }> {
    const attempt = await rig.attempt(subject);
    rig.simulator.fault({ broker: broker.name, ...fault });
    const waits = fault.kind === 'stall' || fault.kind === 'trickle';
    const call = waits ? rig.untilStalled() : unhurried();
    let deadlineAt = Infinity;
    call.signal.addEventListener('abort', () => (deadlineAt = performance.now()));
    return {
      end: () => attempt(call),
      late: () => Math.max(0, performance.now() - deadlineAt),
    };
  }

  test.each(noAnswers)('that meets %s ends, and blames nobody', async (_, fault) => {
    const { end, late } = await meet(fault);
    if (takesAny2xx(name) && ['html', 'empty', 'garbage', 'gzip'].includes(fault.kind)) {
      if (fault.status === undefined || fault.status < 300) return expect(await end()).toBeUndefined();
    }
    if (isThere(name, fault)) return expect(await end()).toBeUndefined();
    const { error, calls } = await rig.failure(end);
    expect(late()).toBeLessThan(GRACE_MS);
    expect(rig.taken()).toBeLessThan(MOST_TAKEN);
    expectSane(error, calls);

    if (meansBlocked(name, fault)) expect(error).toMatchObject({ kind: 'needs-human', scope: 'egress' });
    else if (endsPair(name, fault)) expect(error.kind).toBe('refused');
    else if (fault.status === 429) expect(error.kind).toBe('throttled');
    else expect(['transient', 'outcome-unknown']).toContain(error.kind);
    // What may have taken effect is not said to be free of it.
    const hadEffect = calls.some(({ effect, operation }) => effect && !kind.preludes?.includes(operation));
    if (hadEffect && !harmless.includes(part)) expect(error.kind).toBe('outcome-unknown');
    expectNothingOf(rig.text(), error);
  });

  test.each(mislabelled)(
    'whose answer is right and called %s takes it, or blames nobody',
    async (_, fault) => {
      const { end } = await meet(fault);
      const ended: unknown = await end().catch((error: unknown) => error);
      expect(counted(rig.simulator.calls({ fault: 'wrong-type' })).every((times) => times === 1)).toBe(true);
      if (fault.type?.startsWith('text/html') !== true || !(ended instanceof Error)) {
        expect(ended).not.toBeInstanceOf(Error);
        return;
      }
      if (!(ended instanceof BrokerError)) throw ended;
      expect(['transient', 'outcome-unknown']).toContain(ended.kind);
    },
  );

  /** Sent once, not followed, and said as it was. */
  function expectSane(error: BrokerError, calls: readonly LedgerEntry[]): void {
    expect(error.sent).toBe(true);
    expect(calls.length).toBeGreaterThan(0);
    expect(counted(calls).every((times) => times === 1)).toBe(true);
    expect(calls.map(({ operation }) => operation)).not.toContain('unknown');
    if (error.status !== undefined) expect(calls.map(({ status }) => status)).toContain(error.status);
  }

  /** Whatever was in the answer and could be a token is in no error. */
  function expectNothingOf(text: string, error: BrokerError): void {
    const shown = inspect(error, { depth: 10, showHidden: true });
    const words = text.match(/[\w.~+/=-]{16,}/g) ?? [];
    expect(words.filter((word) => shown.includes(word))).toEqual([]);
  }
});
