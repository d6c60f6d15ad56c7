import { expect, it } from 'vitest';
import { originOf, type Session } from '../../../src/core/session.ts';
import { readRecord, sessionFields } from '../../../src/redis/record.ts';
import { makeSeal } from '../../../src/redis/seal.ts';

const seal = makeSeal([Buffer.alloc(32, 1)]);
const session: Session = {
  generation: 20,
  origin: 10,
  grant: {
    token: 'made-up',
    headers: {},
    issuedAt: 0,
    expiresAt: 1_000,
    tokenType: 'Bearer',
    baseUrl: 'http://127.0.0.1',
  },
  source: 'renewal',
  identity: 'login',
  renewAt: 500,
  renewalSpent: false,
};
const read = (fields: Readonly<Record<string, string>>): number =>
  originOf(readRecord('DESK', fields, seal).record.session);
const written: Readonly<Record<string, string>> = {
  ...sessionFields('DESK', session, seal),
  generation: '20',
};

it('reads again under which generation a session was published first', () => {
  expect(read(written)).toBe(10);
});

it('takes a session that a version without origins published for as new as its generation', () => {
  const { ['origin']: _, ...before } = written;
  expect(read(before)).toBe(20);
  // It writes its own fields over those that are there.
  expect(read({ ...written, generation: '30' })).toBe(30);
});
