import { describe, expect, it } from 'vitest';
import { arrivedAt } from '../../../src/app/consents.ts';
import type { Session } from '../../../src/core/session.ts';

const session: Session = {
  generation: 2,
  grant: {
    token: 'made-up-token',
    headers: {},
    issuedAt: 0,
    expiresAt: Date.UTC(2026, 0, 13, 22),
    tokenType: 'Bearer',
    baseUrl: 'x',
  },
  source: 'consent',
  identity: 'x',
  renewAt: 0,
  renewalSpent: false,
};

describe('the page at the end of a browser login', () => {
  it('says where the broker handed out the same token again, and only there', () => {
    const at = (same: boolean) => arrivedAt('DESK', { outcome: 'committed', session, same });
    const message = 'DESK is logged in; its token is good until Tue 13 Jan 22:00 UTC.';
    expect(at(false)).toEqual({ outcome: 'done', name: 'DESK', message });
    expect(at(true)).toEqual({
      outcome: 'done',
      name: 'DESK',
      message: `${message} The broker handed out the same token as before.`,
    });
  });
});
