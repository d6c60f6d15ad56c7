import { describe, expect, it } from 'vitest';
import { emptyRecord } from '../../../src/core/session.ts';
import type { Settlement } from '../../../src/core/store.ts';
import { madeOf } from '../../../src/redis/payload-parts.ts';

const NOW = Date.parse('2026-11-20T10:07:00.000Z');
const made = (changes: Partial<Settlement>): Readonly<Record<string, unknown>> =>
  madeOf(
    {
      record: emptyRecord,
      standing: { state: 'due', reason: 'refresh_refused' },
      names: [],
      event: undefined,
      ramp: undefined,
      dueAt: NOW + 60_000,
      ...changes,
    },
    NOW,
  );

describe('what is written down of a decision', () => {
  it('that another way is tried at once, where the state says that it is due', () => {
    expect(made({})).toMatchObject({ did: 'went_on', day: { as: 'g' } });
  });

  it('that an account is held back is no other way, and no quarter of an hour that was well', () => {
    const standing = { state: 'due', reason: 'budget_spent' } as const;
    expect(made({ standing })).toMatchObject({ did: 'rested', reason: 'budget_spent', day: { as: 'w' } });
  });
});
