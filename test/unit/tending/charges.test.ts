import { describe, expect, it } from 'vitest';
import { BrokerError, type BrokerErrorFields } from '../../../src/core/errors.ts';
import { answeredOf } from '../../../src/tending/charges.ts';

const failed = (more: Partial<BrokerErrorFields>): BrokerError =>
  new BrokerError('Made up.', { kind: 'transient', code: 'made_up', scope: 'broker', ...more });

describe('whether a broker answered as itself', () => {
  it.each([
    ['a server that fails', { status: 500 }, 'down'],
    ['no answer at all', {}, 'down'],
    ['one that turns everybody away', { kind: 'needs-human', scope: 'egress', status: 403 }, 'down'],
    ['one that turns this account away', { kind: 'needs-human', scope: 'account', status: 403 }, 'up'],
    ['one that is closed (423)', { status: 423 }, undefined],
    ['one that names the hour at which it opens', { status: 400, retryAfterMs: 1_000 }, undefined],
  ] as const)('%s', (_, more, answered) => {
    expect(answeredOf(failed(more))).toBe(answered);
  });
});
