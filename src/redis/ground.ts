import type { Redis } from 'ioredis';
import type { Budget } from '../core/limits.ts';
import { keys, openBreakers } from './keys.ts';
import { serverTime } from './replies.ts';
import { silenceEnd } from './silences.ts';
import { answersOf } from './standings.ts';
import { countedIn } from './usage.ts';

/** What accounts of one broker stand on. */
export interface BrokerGround {
  readonly broker: string;
  /** The parts of it that accounts call, `''` for the whole, and whether each is without an answer. */
  readonly parts: readonly { readonly part: string; readonly isDown: boolean }[];
  /** Until when it asked this network for silence, ms; 0 if it did not. */
  readonly silentUntil: number;
  /** When the next account is looked at, ms. */
  readonly nextLookAt: number | undefined;
  /** How long the account waits that waits longest for its look, ms. */
  readonly lagMs: number;
}

export interface Ground {
  readonly brokers: readonly BrokerGround[];
  /** Calls that each budget has counted in the window that ends now. */
  readonly used: readonly number[];
  readonly clockAheadMs: number;
}

/** What all accounts share, in one round trip, however many accounts there are. Rejects where Redis is away. */
export async function readGround(
  redis: Redis,
  asked: {
    /** Each with the parts of it that fail apart; `undefined` for the whole. */
    readonly brokers: readonly { readonly broker: string; readonly parts: readonly (string | undefined)[] }[];
    readonly egress: string;
    readonly budgets: readonly { readonly broker: string; readonly budget: Budget }[];
    readonly now: number;
  },
): Promise<Ground> {
  const { brokers, egress, budgets, now } = asked;
  const read = redis.pipeline().time();
  for (const { broker, parts } of brokers) {
    // Not until when: between two tries it is down still, also while the second one waits for its answer.
    for (const part of parts) read.exists(...openBreakers({ broker, egress, part }));
    read
      .hget(keys.silence({ broker, egress }), 'until')
      .zrange(keys.due(broker), '0', '0', 'WITHSCORES')
      .zrange(keys.queued(broker), '0', '0', 'WITHSCORES');
  }
  for (const { broker, budget } of budgets) {
    const key = keys.budget(broker, budget);
    if (budget.counts === 'failures')
      read.zrange(key, `(${now - budget.windowMs}`, '+inf', 'BYSCORE', 'WITHSCORES').get(`${key}:success`);
    else read.zcount(key, `(${now - budget.windowMs}`, '+inf');
  }
  const [time, ...rest] = answersOf(await read.exec());
  const serverNow = serverTime(time, now);
  const left = [...rest];
  return {
    brokers: brokers.map(({ broker, parts }) => {
      const down = left.splice(0, parts.length).map((there) => Number(there) > 0);
      const [silent, due, queued] = left.splice(0, 3);
      const nextLookAt = scoreOf(due);
      const longest = Math.min(nextLookAt ?? now, scoreOf(queued) ?? now);
      return {
        broker,
        parts: parts.map((part = '', i) => ({ part, isDown: down[i] === true })),
        silentUntil: silenceEnd(Number(silent ?? 0), serverNow, now),
        nextLookAt,
        lagMs: Math.max(0, now - longest),
      };
    }),
    used: budgets.map(({ budget }) =>
      budget.counts === 'failures'
        ? countedIn(left.shift(), Number(left.shift() ?? 0), now).length
        : Number(left.shift()),
    ),
    clockAheadMs: now - serverNow,
  };
}

/** The score of the only member that was asked for, ms. */
function scoreOf(reply: unknown): number | undefined {
  const score: unknown = Array.isArray(reply) ? reply[1] : undefined;
  return score === undefined ? undefined : Number(score);
}
