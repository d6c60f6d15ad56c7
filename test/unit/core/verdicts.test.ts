import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../../src/core/errors.ts';
import { emptyRecord } from '../../../src/core/session.ts';
import {
  afterCall,
  afterSignIn,
  isRefused,
  isVerdict,
  marksOf,
  refusedByCall,
  underFirstKey,
} from '../../../src/core/verdicts.ts';

const NOW = 1_790_000_000_000;
const suspended = new BrokerError('what to do', { kind: 'needs-human', code: 'suspended' });
const barred = refusedByCall({ ...emptyRecord, refused: ['login'] }, suspended, 'present', NOW);

describe('verdicts on credentials', () => {
  it('of a login and of another call keep both from signing in', () => {
    expect(isRefused(barred.refused, ['login'])).toBe(true);
    expect(isRefused(barred.refused, ['older', 'present'])).toBe(true);
    expect(isRefused(barred.refused, ['other'])).toBe(false);
  });
  it('of another call say why, once, and at the first failure', () => {
    expect(barred).toMatchObject({ failures: 1, trouble: { code: 'suspended', at: NOW } });
    expect(refusedByCall(barred, suspended, 'present', NOW).refused).toEqual(barred.refused);
  });
  it('are over with a login that works; those of a call also with a call', () => {
    expect(afterSignIn(barred.refused, ['present'])).toEqual(['login']);
    expect(afterSignIn(barred.refused, ['login'])).toEqual(marksOf(['present']));
    expect(afterCall(barred.refused)).toEqual(['login']);
  });
  it('move to the first key of the ring, each kind as what it is', () => {
    const refused = ['old', ...marksOf(['old'])];
    expect(underFirstKey(refused, ['new', 'old'])).toEqual([...refused, ...marksOf(['new']), 'new']);
    expect(underFirstKey(marksOf(['old']), ['new', 'old'])).toEqual(marksOf(['old', 'new']));
    expect(underFirstKey(refused, ['old'])).toBe(refused);
    expect(underFirstKey(refused, [])).toBe(refused);
  });
  it('need an answer after which only a person can help', () => {
    expect(isVerdict(suspended)).toBe(true);
    const fields = { kind: 'needs-human', code: 'code', sent: false } as const;
    expect(isVerdict(new BrokerError('', fields))).toBe(false);
    expect(isVerdict(new BrokerError('', { kind: 'refused', code: 'code' }))).toBe(false);
    // Everybody behind this egress is turned away: no login is at fault.
    expect(isVerdict(new BrokerError('', { ...fields, sent: true, scope: 'egress' }))).toBe(false);
  });
});
