import { describe, expect, it } from 'vitest';
import { unknownAccount } from '../../../src/cli/failure.ts';

const known = [
  ['USER_000001', { subAccounts: [] }],
  ['USER_000002', { subAccounts: ['DESK_EVAL'] }],
] as const;

describe('a name that is no account', () => {
  it('is said, with the one that may be meant', () => {
    expect(unknownAccount('USER_00001', known).message).toBe(
      'There is no account named USER_00001. Did you mean USER_000001? "token-refresher status" lists them.',
    );
    // As near to one as to the other.
    expect(unknownAccount('USER_000003', known).message).not.toContain('mean');
    expect(unknownAccount('OTHER', known).message).toBe(
      'There is no account named OTHER. "token-refresher status" lists them.',
    );
  });

  it('but whose token bots read leads to the login that it is one of', () => {
    expect(unknownAccount('DESK_EVAL', known)).toMatchObject({
      code: 'UNKNOWN_ACCOUNT',
      message:
        'DESK_EVAL is a sub-account of USER_000002 and shares its token: name that one. "token-refresher status" lists them.',
    });
  });
});
