import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inherit, makeGrant, readExtended } from '../../../../src/brokers/upstox/grants.ts';
import type { Grant } from '../../../../src/core/broker.ts';
import { openDesk, type Desk } from './desk.ts';
import { ist, jwt, patient } from './harness.ts';

const now = ist('2026-01-13T10:00:00');
const DAY_MS = 86_400_000;
const seconds = (at: number): number => at / 1000;

describe('an extended token', () => {
  it.each([
    ['ends when it says', jwt({ sub: 'AB0001', exp: seconds(now) + 86_400 }), DAY_MS],
    ['ends after a year where it does not say', 'made-up-opaque', 365 * DAY_MS],
    ['ends after a year and a day at most', jwt({ exp: seconds(now) + 800 * 86_400 }), 366 * DAY_MS],
  ])('%s', (_name, token, lifeMs) => {
    expect(readExtended(token, 'AB0001', now)).toEqual({ token, expiresAt: now + lifeMs });
  });

  it.each([
    ['that did not come', undefined],
    ['that is dead', jwt({ sub: 'AB0001', exp: seconds(now) - 1 })],
    ["that is another user's", jwt({ sub: 'AB0002', exp: seconds(now) + 86_400 })],
  ])('%s is none', (_name, token) => {
    expect(readExtended(token, 'AB0001', now)).toBeUndefined();
  });
});

describe('a grant', () => {
  const extended = { token: 'made-up-extended', expiresAt: now + 300 * DAY_MS };
  const grantOf = (owner: string, own?: typeof extended, serves = false): Grant =>
    makeGrant(
      {
        token: 'made-up',
        owner,
        issuedAt: now,
        expiresAt: now + 1,
        baseUrl: 'https://x.example',
        extended: own,
      },
      serves,
    );
  const companions = [{ suffix: 'extended', ...extended }];

  it('keeps it sealed, and serves it only where it is asked for', () => {
    const kept = { extendedToken: extended.token, extendedUntil: String(extended.expiresAt) };
    expect(grantOf('AB0001', extended)).toMatchObject({ renewal: kept });
    expect(grantOf('AB0001', extended)).not.toHaveProperty('companions');
    expect(grantOf('AB0001', extended, true)).toMatchObject({ renewal: kept, companions });
  });

  it('inherits it from the day before: an approval brings none', () => {
    const next = inherit(grantOf('AB0001'), grantOf('AB0001', extended), true, now);
    expect(next.companions).toEqual(companions);
    expect(next.renewal).toEqual(grantOf('AB0001', extended).renewal);
  });

  it.each<[string, boolean, unknown]>([
    ['starts to serve it once the entry asks for it', true, companions],
    ['stops serving it once it does not, and keeps it', false, undefined],
  ])('%s', (_name, serves, expected) => {
    const present = grantOf('AB0001', extended, !serves);
    const next = inherit(present, present, serves, now);
    expect(next.companions).toEqual(expected);
    expect(next.renewal).toEqual(present.renewal);
  });

  it("takes its own before the last one's", () => {
    const newer = { token: 'made-up-newer', expiresAt: now + 365 * DAY_MS };
    const next = inherit(grantOf('AB0001', newer), grantOf('AB0001', extended), true, now);
    expect(next.companions?.map(({ token }) => token)).toEqual(['made-up-newer']);
  });

  it.each([
    ["another user's", grantOf('AB0002', extended), now],
    ['a dead one', grantOf('AB0001', extended), extended.expiresAt],
  ])('does not inherit %s', (_name, previous, at) => {
    const next = inherit(grantOf('AB0001'), previous, true, at);
    expect(next).toEqual(grantOf('AB0001'));
  });
});

describe('an exchange', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = await openDesk();
  });
  afterEach(async () => {
    await desk.stop();
  });

  it('never asks Upstox for a new one: whoever uses the old one would lose it', async () => {
    const connection = desk.connect({ extendedToken: true });
    const receive = async (): Promise<Grant | undefined> =>
      connection.consent?.receive((await desk.login(connection)) ?? {}, patient());
    const [first, second] = [await receive(), await receive()];
    expect(first?.companions).toHaveLength(1);
    expect(second?.companions?.[0]?.token).toBe(first?.companions?.[0]?.token);
  });
});
