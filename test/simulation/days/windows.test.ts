import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, watchGaps, type Gaps } from './clockwork.ts';

/*
 * How long may a broker be away, again and again, without a token missing for a moment? In each stretch as
 * long as a token lives it answers for a share of it in one piece, wherever that piece lies.
 */

interface Kind {
  readonly entry: RawEntry;
  readonly lifeMs: number;
  /** It holds with this one, and no longer with the other. */
  readonly share: number;
  readonly tooLittle: number;
  /** So many other accounts of the broker beside it: from three on they share a breaker. */
  readonly others?: number;
}

const ig = { broker: 'ig', username: 'N', password: 'made-up-pass', apiKey: 'made-up-key' };
const kinds: readonly (readonly [string, Kind])[] = [
  ['IG', { entry: ig, lifeMs: MINUTE_MS, share: 0.64, tooLittle: 0.5 }],
  ['IG, six accounts', { entry: ig, lifeMs: MINUTE_MS, share: 0.7, tooLittle: 0.5, others: 5 }],
  ['IG v2', { entry: { ...ig, session: 'v2' }, lifeMs: 6 * HOUR_MS, share: 0.8, tooLittle: 0.6 }],
  [
    'Tradovate',
    {
      entry: { broker: 'tradovate', username: 'N', password: 'made-up-pass' },
      lifeMs: 80 * MINUTE_MS,
      share: 0.8,
      tooLittle: 0.6,
    },
  ],
];
const LIVES = 6;
const phases = [0, 0.2, 0.4, 0.6, 0.8, 1];

let world: World;
afterEach(() => world.stop());

/** Opens the broker for `openMs` of each life, at a phase between the earliest and the latest. */
async function live(
  { entry, lifeMs, others = 0 }: Kind,
  share: number,
  phase: number,
): Promise<ReturnType<Gaps['of']>> {
  world = await makeWorld({
    entries: [
      entry,
      ...Array.from({ length: others }, (_, i) => ({
        ...entry,
        ...{ username: `OTHER_${i}`, password: `made-up-pass-${i}`, apiKey: `made-up-key-${i}` },
      })),
    ],
    sweepEveryMs: 5 * MINUTE_MS,
    seed: 1 + Math.round(10 * phase),
  });
  const gaps = watchGaps(world, ['N']);
  await world.runUntil('a token', () => world.token('N') !== undefined, 10 * SECOND_MS);
  // The first logins of a network go one after the other.
  if (others > 0) await world.runFor(2 * MINUTE_MS);
  const shut = (): { remove(): void } => world.fault({ broker: String(entry.broker), kind: 'unreachable' });
  const openMs = share * lifeMs;
  let fault = shut();
  for (let n = 0; n < LIVES; n++) {
    const at = world.now() + n * lifeMs + phase * (lifeMs - openMs);
    world.timeline.at(at, () => fault.remove());
    world.timeline.at(at + openMs, () => {
      fault = shut();
    });
  }
  await world.runFor(LIVES * lifeMs);
  return gaps.of('N');
}

describe.each(kinds)('%s', (_, kind) => {
  test.each(phases)(`answers for ${kind.share} of each life, at %d: no gap`, async (phase) => {
    expect(await live(kind, kind.share, phase)).toEqual([]);
  });

  test(`that answers for ${kind.tooLittle} of each life is missed`, async () => {
    expect(await live(kind, kind.tooLittle, 0)).not.toEqual([]);
  });
});
