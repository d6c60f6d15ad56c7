import type { State } from './state.ts';

/**
 * What a moment of an account says about the service, for its objective (docs/slo.md):
 *
 * - `good`: a live token is owed, and it is there.
 * - `lacking`: it is owed and not there, and the service is to bring it.
 * - `waiting`: it is not there, and only a person can bring it.
 * - `not-owed`: nobody expects one now.
 */
export type Freshness = 'good' | 'lacking' | 'waiting' | 'not-owed';

export const freshnessKinds = [
  'good',
  'lacking',
  'waiting',
  'not-owed',
] as const satisfies readonly Freshness[];

/** `isThere`: within the account's `hours`; without hours always. */
export function freshnessOf(state: State, isLive: boolean, isThere: boolean): Freshness {
  if (state === 'disabled' || state === 'paused' || !isThere) return 'not-owed';
  if (isLive) return 'good';
  return state === 'stopped' || state === 'awaiting_approval' ? 'waiting' : 'lacking';
}
