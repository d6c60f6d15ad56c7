import { describe, expect, it } from 'vitest';
import { makeSeal } from '../../../src/redis/seal.ts';

const key = (byte: number): Buffer => Buffer.alloc(32, byte);

describe('sealing', () => {
  const seal = makeSeal([key(1)]);

  it('gives back what it sealed, in the same place', () => {
    expect(seal.open(seal.seal('made-up refresh token', 'session A'), 'session A')).toBe(
      'made-up refresh token',
    );
  });
  it('never seals the same way twice, and shows nothing of the text', () => {
    const sealed = seal.seal('made-up refresh token', 'session A');
    expect(sealed).not.toBe(seal.seal('made-up refresh token', 'session A'));
    expect(sealed).not.toContain('made-up');
  });
  it('does not open what was moved to another account', () => {
    expect(seal.open(seal.seal('text', 'session A'), 'session B')).toBeUndefined();
  });
  it('does not open what was changed, cut off or never sealed', () => {
    const sealed = seal.seal('text', 'session A');
    const [format = '', id = '', body = ''] = sealed.split('.');
    // Not the last one: a part of its bits is padding, which nobody reads.
    const flipped = `${body.startsWith('A') ? 'B' : 'A'}${body.slice(1)}`;
    for (const broken of [
      `${format}.${id}.${flipped}`,
      sealed.slice(0, -30),
      '',
      'text',
      `${format}.${id}.`,
    ]) {
      expect(seal.open(broken, 'session A')).toBeUndefined();
    }
  });
});

describe('a ring of keys', () => {
  const before = makeSeal([key(1)]);
  const during = makeSeal([key(2), key(1)]);
  const after = makeSeal([key(2)]);

  it('opens what an older key sealed, and seals with the first', () => {
    expect(during.open(before.seal('text', 'c'), 'c')).toBe('text');
    expect(after.open(during.seal('text', 'c'), 'c')).toBe('text');
    expect(after.open(before.seal('text', 'c'), 'c')).toBeUndefined();
  });
  it('tells what an older key sealed, so that it can be sealed anew', () => {
    expect(during.isCurrent(before.seal('text', 'c'))).toBe(false);
    expect(during.isCurrent(during.seal('text', 'c'))).toBe(true);
  });
  it('knows a verdict that was written under an older key', () => {
    expect(during.fingerprints(['user', 'password'])).toContain(before.fingerprint(['user', 'password']));
    expect(during.fingerprints(['user', 'password'])[0]).toBe(after.fingerprint(['user', 'password']));
  });
});

describe('a fingerprint', () => {
  const seal = makeSeal([key(1)]);
  it('tells the same secrets from others, also where they only move between parts', () => {
    expect(seal.fingerprint(['a', 'b'])).toBe(seal.fingerprint(['a', 'b']));
    expect(seal.fingerprint(['a', 'b'])).not.toBe(seal.fingerprint(['ab', '']));
    expect(seal.fingerprint(['a', 'b'])).not.toBe(seal.fingerprint(['b', 'a']));
  });
  it('says nothing without the key', () => {
    expect(seal.fingerprint(['a'])).not.toBe(makeSeal([key(2)]).fingerprint(['a']));
  });
});
