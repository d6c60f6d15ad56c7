import { expect, test } from 'vitest';
import type { BrokerCall } from './broker-net.ts';
import { sentTwice } from './truth.ts';
import { wireOf } from './wire.ts';

const quota = { errorCode: 'error.public-api.exceeded-account-allowance' };

/** A call that brought a refresh token, and its answer, which arrived unless it is said otherwise. */
const renewal = (n: number, changes: Partial<BrokerCall>): BrokerCall => ({
  n,
  broker: 'ig',
  operation: 'refresh-token',
  egress: 'a',
  startedAt: n,
  effect: false,
  by: 'one',
  spends: 'a made-up refresh token',
  request: { method: 'POST', path: '/', query: new URLSearchParams(), headers: {}, body: '', egress: 'a' },
  deliveredAt: n,
  ...changes,
});
const unasked = (): never => {
  throw new Error('nobody asks the broker');
};
const sample = { entry: {}, wrong: {}, secrets: [] };
const dialect = { identify: unasked, answer: unasked, refuse: unasked, throttle: unasked, sample };
const again = renewal(2, { answer: { status: 200 } });

test.each<[string, Partial<BrokerCall>]>([
  ['a spent quota', { answer: { status: 403, body: quota } }],
  ['a 429 without a code', { answer: { status: 429 } }],
])('a secret may be sent again after %s', (_, changes) => {
  expect(sentTwice([renewal(1, changes), again])).toEqual([]);
});

test.each([403, 502, 503])('a secret is not sent again after a page with %d', async (status) => {
  const { answer } = await wireOf({ broker: 'ig', kind: 'html', status }, dialect, undefined, unasked);
  expect(answer?.status).toBe(status);
  const first = renewal(1, { fault: 'html', ...(answer && { answer }) });
  expect(sentTwice([first, again])).toEqual([again]);
});

test.each<[string, Partial<BrokerCall>]>([
  ['no answer', {}],
  ['a quota of which nobody heard', { answer: { status: 403, body: quota } }],
])('a secret is not sent again after %s', (_, changes) => {
  const { deliveredAt: _never, ...first } = renewal(1, changes);
  expect(sentTwice([first, again])).toEqual([again]);
});

test('a secret that was turned away is spent by the call that was not', () => {
  const turnedAway = renewal(1, { answer: { status: 403, body: quota } });
  const third = renewal(3, { answer: { status: 200 } });
  expect(sentTwice([turnedAway, again, third])).toEqual([third]);
});
