import type { Redis } from 'ioredis';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { DueIndex } from '../redis/due.ts';
import { keys } from '../redis/keys.ts';
import { dueForRearm, rearm } from '../redis/rearm.ts';
import type { Roster } from '../redis/roster.ts';
import type { Accounts } from './accounts.ts';
import type { Keeper } from '../tending/parts.ts';

export interface UpkeepParts {
  readonly redis: Redis;
  readonly due: DueIndex;
  readonly roster: Roster;
  readonly keeper: Keeper;
  readonly accounts: Accounts;
  readonly ttlCapMs: (account: Account) => number | undefined;
  /** Marks Redis as ours again after it was emptied. */
  readonly enterWorld: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Upkeep {
  /** Gives every account its roster entry, its next action and its keys; proves it from what is stored. */
  sweep(): Promise<void>;
  /** Gives capped TTLs their full length again, and lost keys their token. */
  rearm(): Promise<void>;
}

/** So many accounts' keys are looked at in one sweep; the next one goes on from there. */
const KEYS_PER_SWEEP = 2_000;

export function makeUpkeep(parts: UpkeepParts): Upkeep {
  const { redis, due, clock, log } = parts;
  let from = 0;

  async function restore(name: string): Promise<void> {
    if (await parts.keeper.restore(name)) {
      log.warn(
        { event: 'keys.restored', account: name },
        `Keys of ${name} had been removed though its token is good; they were written again.`,
      );
    }
  }

  async function rearmOne(name: string): Promise<void> {
    const account = parts.accounts.get(name);
    const outcome = await rearm(redis, name, clock.now(), account && parts.ttlCapMs(account));
    if (outcome === 'missing') await restore(name);
    if (outcome === 'foreign') {
      log.warn(
        { event: 'keys.foreign', account: name },
        `Somebody else wrote a key of ${name}; its TTL was left as it is.`,
      );
    }
  }

  /** A stopped or a disabled account rests without a next action; every other one must have one. */
  async function resting(names: readonly string[]): Promise<ReadonlySet<string>> {
    const read = redis.pipeline();
    for (const name of names) read.hget(`state:${name}`, 'state');
    const replies = (await read.exec()) ?? [];
    return new Set(names.filter((_, i) => replies[i]?.[1] === 'stopped' || replies[i]?.[1] === 'disabled'));
  }

  async function sweepDue(broker: string, names: readonly string[]): Promise<void> {
    const missing = await due.missing(broker, names);
    if (missing.length === 0) return;
    const rests = await resting(missing);
    const lost = missing.filter((name) => !rests.has(name));
    if (lost.length === 0) return;
    const added = await due.seed(broker, lost, clock.now());
    log.info(
      { event: 'schedule.seeded', broker, accounts: added },
      `${added} accounts of ${broker} had no next action and got one.`,
    );
  }

  async function sweepKeys(names: readonly string[]): Promise<void> {
    if (from >= names.length) from = 0;
    const part = names.slice(from, from + KEYS_PER_SWEEP);
    from += KEYS_PER_SWEEP;
    const read = redis.pipeline();
    for (const name of part) {
      read.exists(`token:${name}`);
      read.hget(keys.record(name), 'expiresAt');
    }
    const replies = (await read.exec()) ?? [];
    for (const [i, name] of part.entries()) {
      const there = replies[2 * i]?.[1] === 1;
      const expiresAt = Number(replies[2 * i + 1]?.[1] ?? 0);
      if (!there && expiresAt > clock.now()) await restore(name);
    }
  }

  return {
    async sweep() {
      const accounts = parts.accounts.all();
      await parts.enterWorld();
      if ((await redis.hlen(keys.roster)) < accounts.length) await parts.roster.enter(accounts);
      const byBroker = Map.groupBy(accounts, (account) => account.broker);
      for (const [broker, group] of byBroker) {
        await sweepDue(
          broker,
          group.map((account) => account.name),
        );
      }
      await sweepKeys(accounts.filter((account) => account.enabled).map((account) => account.name));
    },
    async rearm() {
      const names = await dueForRearm(redis, clock.now());
      await Promise.all(names.map(rearmOne));
    },
  };
}
