import type { Chaos } from './chaos.ts';
import { igLogin, igPair, tradovateLogin, upstoxLogin, type Desk } from './desk.ts';
import { makeDice } from './random.ts';

const MINUTE_MS = 60_000;
const dice = makeDice(1);
const desk = (hours: number, entries: Desk['entries'], wrong?: string): Desk => ({
  entries,
  wrong,
  hours,
  calmMs: 100 * MINUTE_MS,
});
const rotating = [igLogin(dice, 0), igLogin(dice, 1)];
const mixed = [tradovateLogin(dice, 0), igPair(dice, 0), tradovateLogin(dice, 1)];
const clocked = [...rotating, igPair(dice, 2), { username: 'TV_0', password: 'made-up-pass-tv-0' }];
const persons = [upstoxLogin(dice, 0), upstoxLogin(dice, 1)];
const many = Array.from({ length: 20 }, (_, i) => ({
  username: `TV_${i}`,
  password: `made-up-pass-tv-${i}`,
  renew: true,
}));

/** Pairs that are due at 4.5 to 4.8 h; where nobody answers, their next login waits until nearly 6 h. */
const pairs: Desk = { ...desk(4.9, [igPair(dice, 3), igPair(dice, 4)]), calmMs: 20 * MINUTE_MS };
const eight = many.slice(0, 8);
const sixWrong: Desk = {
  ...desk(1.5, eight),
  unmended: eight.slice(0, 6).map(({ username }) => username),
  // Where a disk is lost with Redis all are first logins again, and three an hour may fail before the good ones.
  calmMs: 150 * MINUTE_MS,
};

/** Some seeds with everything aimed at one protection. */
export interface Aim {
  readonly at: string;
  readonly desk: Desk;
  readonly chaos: Chaos;
  readonly seeds: number;
}

export const aims: readonly Aim[] = [
  {
    at: 'rotations',
    desk: desk(0.08, rotating),
    chaos: {
      perHour: 300,
      only: [
        'crash in a call',
        'pause in a call',
        'job doubled in a call',
        'broker slow',
        'jobs doubled',
        'redis replies lost in a call',
      ],
    },
    seeds: 10,
  },
  {
    // Only the fence stands between an answer that comes past the lease and the token that the next one has stored.
    at: 'answers that come past their lease',
    desk: desk(0.3, rotating),
    chaos: { perHour: 60, only: ['long pause in a call'] },
    seeds: 8,
  },
  {
    at: 'refusals',
    desk: desk(0.5, mixed, 'TV_0'),
    chaos: { perHour: 20, only: ['crash', 'redis emptied', 'deploy', 'broker stalls'] },
    seeds: 4,
  },
  {
    at: 'first logins',
    desk: sixWrong,
    chaos: { perHour: 12, only: ['crash', 'redis emptied'] },
    seeds: 4,
  },
  {
    at: 'limits',
    desk: desk(2, many),
    chaos: { perHour: 15, only: ['broker throttles', 'broker throttles', 'crash'] },
    seeds: 6,
  },
  {
    at: 'tokens that only a person gets',
    desk: desk(3, persons),
    chaos: { perHour: 8, only: ['redis emptied', 'redis emptied', 'crash', 'deploy', 'pause'] },
    seeds: 6,
  },
  {
    at: 'ends',
    desk: desk(1.5, mixed),
    chaos: { perHour: 4, only: ['tokens ended', 'clock skew'] },
    seeds: 4,
  },
  {
    at: 'outages',
    desk: desk(1, rotating),
    chaos: { perHour: 6, only: ['broker away'] },
    seeds: 3,
  },
  {
    at: 'logins that nobody answers',
    desk: desk(1.5, rotating),
    chaos: { perHour: 12, only: ['broker drops answers', 'broker stalls', 'tokens ended'] },
    seeds: 4,
  },
  {
    at: 'clocks',
    desk: desk(0.7, clocked),
    chaos: { perHour: 30, only: ['clock jump'] },
    seeds: 4,
  },
  {
    at: 'logins that are put off',
    desk: pairs,
    chaos: { perHour: 8, only: ['broker drops answers', 'crash'] },
    seeds: 9,
  },
];
