import { describe, expect, test } from 'vitest';
import { readJwt } from '../../../src/brokers/jwt.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: unknown): string => `${part({ alg: 'EdDSA', kid: '7' })}.${part(claims)}.c2lnbmF0dXJl`;

describe('a JWT', () => {
  test('says expiry, issue and subject; times in ms', () => {
    expect(readJwt(jwt({ sub: '12345', exp: 1_768_469_400, iat: 1_768_464_600.5 }))).toEqual({
      sub: '12345',
      exp: 1_768_469_400_000,
      iat: 1_768_464_600_500,
    });
  });

  test.each([
    ['a text as expiry', { exp: '1768469400' }],
    ['an expiry of zero', { exp: 0 }],
    ['a negative expiry', { exp: -1 }],
    ['milliseconds as expiry', { exp: 1_768_469_400_000 }],
    ['an empty subject', { sub: '' }],
    ['a number as subject', { sub: 12_345 }],
    ['a subject without end', { sub: 'x'.repeat(201) }],
  ])('%s is left out', (_, claims) => {
    expect(readJwt(jwt({ ...claims, iat: 1 }))).toEqual({ iat: 1_000 });
  });

  test.each([
    ['an empty text', ''],
    ['a UUID', '3f0c0000-0000-4000-8000-000000000001'],
    ['two parts', `${part({})}.${part({})}`],
    ['four parts', `${jwt({})}.x`],
    ['an empty signature', `${part({})}.${part({})}.`],
    ['a payload that is no JSON', `${part({})}.eyJ.x`],
    ['a payload that is an array', jwt([])],
    ['a payload that is null', jwt(null)],
    ['a header that is no JSON', `x.${part({})}.x`],
    ['other characters', `${part({})}.${part({})}=.x y`.replace('.', '\n.')],
    ['a text without end', jwt({ sub: 'x'.repeat(20_000) })],
  ])('%s is none', (_, text) => {
    expect(readJwt(text)).toBeUndefined();
  });
});
