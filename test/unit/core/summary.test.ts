import { describe, expect, it } from 'vitest';
import { worstOff } from '../../../src/core/summary.ts';
import { account, without } from '../http/support.ts';

describe('who is worst off', () => {
  it.each([
    [
      'one without a token before one with little time',
      without('none', 'backing_off'),
      account('short', { time_remaining_seconds: 1 }),
    ],
    [
      'a stopped one before one that waits for a person',
      without('none', 'stopped'),
      without('asks', 'awaiting_approval'),
    ],
    [
      'one in trouble before one that is fresh',
      account('trying', { state: 'backing_off' }),
      account('well', { time_remaining_seconds: 1 }),
    ],
    ['the one with less time', account('short', { time_remaining_seconds: 9 }), account('long')],
    ['anybody before one that is out of service', account('well'), without('off', 'paused')],
  ])('is %s', (_rule, worse, better) => {
    const told = (name: string) => ({ ...worse, message: name });
    expect(worstOff([better, told('worse')]).message).toBe('worse');
    expect(worstOff([told('worse'), better]).message).toBe('worse');
  });

  it('is nobody where there is no account', () => {
    expect(worstOff([])).toEqual({
      valid: false,
      time_remaining_seconds: 0,
      time_remaining_hours: 0,
      expiry_time: null,
      needs_refresh: false,
      message: 'No account is configured.',
      api_validated: null,
    });
  });
});
