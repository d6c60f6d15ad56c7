import { describe, expect, it } from 'vitest';
import { observe, type Observation, type Watched } from '../../../src/core/observation.ts';

const NOW = Date.parse('2026-03-02T10:00:00Z');
const way = { person: false, dueAtShare: 0.75 };
const nothing: Watched = {
  ...{ token: undefined, ttlMs: -2 },
  ...{ generation: undefined, issuedAt: undefined, expiresAt: undefined },
};
const seen = (changes: Partial<Watched> = {}): Watched => ({
  ...nothing,
  token: 't',
  ttlMs: 60_000,
  ...changes,
});
const look = (watched: Watched, before?: Observation, now = NOW, more: Partial<typeof way> = {}) =>
  observe(watched, undefined, { ...way, ...more }, before, now);

describe('what somebody else keeps', () => {
  it.each<[string, Watched, Parameters<typeof observe>[1], number]>([
    ['meta:', seen({ expiresAt: NOW + 1_000 }), { issuedAt: NOW, expiresAt: NOW + 2_000 }, NOW + 1_000],
    ['the token itself', seen(), { issuedAt: NOW, expiresAt: NOW + 2_000 }, NOW + 2_000],
    ["its key's end, where nothing else says", seen(), undefined, NOW + 60_000],
  ])('ends when %s says', (_who, watched, grant, end) => {
    expect(observe(watched, grant, way, undefined, NOW)).toMatchObject({ state: 'fresh', expiresAt: end });
  });

  it('is good without an end, where nobody says one', () => {
    expect(look(seen({ ttlMs: -1 }))).toMatchObject({
      state: 'fresh',
      expiresAt: undefined,
      dueAt: undefined,
    });
  });

  it('is planned for at the share of its life at which the service would refresh it', () => {
    const watched = seen({ issuedAt: NOW - 20_000, expiresAt: NOW + 80_000 });
    expect(look(watched).dueAt).toBe(NOW + 55_000);
  });

  it('is missing, or stale where its key outlives it, with the first moment of that', () => {
    const first = look(nothing);
    expect(first).toMatchObject({ state: 'expired', reason: 'observed_missing' });
    expect(look(nothing, first, NOW + 5_000).since).toBe(first.since);
    const stale = look(seen({ expiresAt: NOW - 1 }), first, NOW + 9_000);
    expect(stale).toMatchObject({ reason: 'observed_stale', since: new Date(NOW + 9_000).toISOString() });
    expect(stale.trouble).toContain('outlives its token');
  });

  it('waits for its person, where only a person gets its tokens', () => {
    expect(look(nothing, undefined, NOW, { person: true }).state).toBe('awaiting_approval');
  });
});
