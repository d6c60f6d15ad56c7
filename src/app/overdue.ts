import type { Redis } from 'ioredis';
import type { Alerts } from '../alerts/alerts.ts';
import type { Account } from '../core/account.ts';
import type { Log } from '../core/log.ts';
import { LOOK_OVERDUE } from '../core/look-overdue.ts';
import { keys } from '../redis/keys.ts';
import { run, scripts } from '../redis/scripts.ts';
import { answersOf, readStandings } from '../redis/standings.ts';

export interface OverdueParts {
  readonly redis: Redis;
  readonly alerts: Pick<Alerts, 'failed'>;
  readonly egress: string;
  readonly log: Log;
}

/** Longer than a lease is ever renewed for, ms: what stands so long does not move by itself. */
const OVERDUE_MS = 3 * 60_000;
const BATCH = 500;
/** States of an account that is looked at: a look at the end of its token says another one. */
const LOOKED_AT: readonly (string | undefined)[] = ['fresh', 'due', 'backing_off'];

/**
 * Finds, by what is stored and whatever the jobs say, the accounts without a live token that nobody decides about: one
 * look holds the account and comes to no end, or none begins. Says so of the state and to people.
 */
export function makeSayOverdue({
  redis,
  alerts,
  egress,
  log,
}: OverdueParts): (accounts: readonly Account[], now: number) => Promise<void> {
  /** What stands still of each account, and since when (ms). */
  let still = new Map<string, { readonly what: string; readonly since: number }>();

  /** Of those without a live token, what must change for one to come; undefined: it need not. */
  async function whatStands(
    broker: string,
    names: readonly string[],
    now: number,
  ): Promise<readonly (string | undefined)[]> {
    const standings = await readStandings(redis, broker, names);
    const read = redis.pipeline();
    const [, , waiting] = keys.ramp({ broker, egress });
    for (const name of names)
      read.get(keys.lease(name)).zscore(waiting, name).zscore(`${waiting}:untried`, name);
    const answers = answersOf(await read.exec());
    return standings.map(({ state, reason, expiresAt }, i) => {
      if (expiresAt !== undefined && expiresAt > now) return undefined;
      const [owner, ...turns] = answers.slice(3 * i, 3 * i + 3);
      if (typeof owner === 'string') return `held by ${owner}`;
      // Its looks end, and write nothing: it waits for its turn to sign in.
      if (turns.some((turn) => typeof turn === 'string')) return undefined;
      const isUndecided = LOOKED_AT.includes(state) || reason === LOOK_OVERDUE;
      return isUndecided && expiresAt !== undefined ? `undecided since ${expiresAt}` : undefined;
    });
  }

  async function say({ name, broker }: Account, now: number): Promise<void> {
    const isOver = await run(
      redis,
      scripts.overdue,
      [keys.record(name)],
      [name, new Date(now).toISOString()],
    );
    // By the server's clock it lives: ours is ahead.
    if (isOver !== 1) return;
    const message = `${name} has no live token, and for ${OVERDUE_MS / 60_000} min no look at it has come to an end: something that one waits for does not answer (a disk, a network).`;
    log.error({ event: 'look.overdue', account: name, broker }, message);
    await alerts.failed({
      broker,
      account: name,
      code: 'look_overdue',
      message,
      nextAt: undefined,
      served: false,
      level: 'critical',
    });
  }

  return async (accounts, now) => {
    const seen: typeof still = new Map();
    for (const [broker, group] of Map.groupBy(accounts, (account) => account.broker)) {
      for (let i = 0; i < group.length; i += BATCH) {
        const batch = group.slice(i, i + BATCH);
        const names = batch.map(({ name }) => name);
        const stands = await whatStands(broker, names, now);
        for (const [j, account] of batch.entries()) {
          const what = stands[j];
          if (what === undefined) continue;
          const before = still.get(account.name);
          const since = before?.what === what ? Math.min(before.since, now) : now;
          seen.set(account.name, { what, since });
          if (now - since >= OVERDUE_MS) await say(account, now);
        }
      }
    }
    still = seen;
  };
}
