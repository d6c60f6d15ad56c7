import type { Redis } from 'ioredis';
import type { Account } from '../core/account.ts';
import { keys } from './keys.ts';

/** What sessions depend on in an entry: a keyed fingerprint of it, and since when it is in force (ms). */
interface Version {
  readonly print: string;
  readonly since: number;
}

/** What this process has in force. */
interface Own extends Version {
  /** At the last look a newer one was in force elsewhere. */
  wasSuperseded?: boolean;
  /** When Redis was found to have forgotten it, ms; 0 for not. */
  forgottenAt?: number;
}

export interface EntriesParts {
  readonly redis: Redis;
  readonly instance: string;
  readonly living: () => Promise<ReadonlySet<string>>;
  readonly fingerprint: (secrets: readonly string[]) => string;
}

/**
 * Which version of each account's entry the processes have in force. The newest counts, by when it came into force
 * first: a process that starts with one that is known already has it as old as it is; one whose file changes while it
 * runs has a new one, also where it is what it was before, since a person did that. A version counts while a process
 * that has it lives.
 */
export interface Entries {
  /** Says what this process has in force. */
  enter(accounts: readonly Account[]): Promise<void>;
  /** True while another process lives whose entry for the account is newer than ours. */
  isSuperseded(account: Account): Promise<boolean>;
}

/** So many versions of an entry are remembered beside those in force. */
const KEPT = 8;
/** Emptied, Redis knows of all living processes again after this, ms. */
const AGAIN_MS = 10_000;
const BATCH = 500;

export function makeEntries({ redis, instance, living, fingerprint }: EntriesParts): Entries {
  const own = new Map<string, Own>();
  const printOf = ({ identity, connection }: Account): string =>
    fingerprint(['entry', identity, ...(connection.wants ?? [])]);

  async function serverNow(): Promise<number> {
    return Number((await redis.time())[0]) * 1_000;
  }

  /** Ours, as new as it is; `there`: what Redis knows. */
  function versionOf(account: Account, there: ReadonlyMap<string, Version>, now: number): Own {
    const before = own.get(account.name);
    const print = printOf(account);
    if (before?.print === print) return before;
    const known = [...there.values()];
    const same = before ? [] : known.filter((each) => each.print === print);
    const newest = Math.max(0, ...known.map(({ since }) => since));
    const since = same.length > 0 ? Math.max(...same.map((each) => each.since)) : Math.max(now, newest + 1);
    return { print, since };
  }

  /** What those that are gone had in force and nobody has any more, but for the last few. */
  function staleIn(
    there: ReadonlyMap<string, Version>,
    mine: Version,
    alive: ReadonlySet<string>,
  ): readonly string[] {
    const gone = [...there]
      .filter(([by]) => by !== instance && !alive.has(by))
      .sort(([, a], [, b]) => b.since - a.since);
    const kept = new Map<string, string>();
    for (const [by, { print }] of gone)
      if (print !== mine.print && !kept.has(print) && kept.size < KEPT) kept.set(print, by);
    return gone.flatMap(([by, { print }]) => (kept.get(print) === by ? [] : [by]));
  }

  async function enter(accounts: readonly Account[]): Promise<void> {
    for (let i = 0; i < accounts.length; i += BATCH) {
      const batch = accounts.slice(i, i + BATCH);
      const [found, alive, now] = await Promise.all([readAll(redis, batch), living(), serverNow()]);
      const write = redis.pipeline();
      for (const [k, account] of batch.entries()) {
        const { name } = account;
        const there = found[k] ?? new Map<string, Version>();
        if (!account.enabled) {
          own.delete(name);
          if (there.has(instance)) write.hdel(keys.entry(name), instance);
          continue;
        }
        const before = own.get(name);
        const mine = versionOf(account, there, now);
        // Who starts with it later has what was replaced; its own print names it, as no process does.
        if (before && before.print !== mine.print)
          write.hset(keys.entry(name), before.print, `${before.since} ${before.print}`);
        own.set(name, mine);
        write.hset(keys.entry(name), instance, `${mine.since} ${mine.print}`);
        const stale = staleIn(there, mine, alive);
        if (stale.length > 0) write.hdel(keys.entry(name), ...stale);
      }
      for (const [error] of (await write.exec()) ?? []) if (error) throw error;
    }
  }

  return {
    enter,
    async isSuperseded(account) {
      const [[there = new Map<string, Version>()], alive, now] = await Promise.all([
        readAll(redis, [account]),
        living(),
        serverNow(),
      ]);
      const known = own.get(account.name);
      if (!known || known.print !== printOf(account) || !there.has(instance)) {
        if (known) known.forgottenAt = now;
        await enter([account]);
      }
      const mine = own.get(account.name);
      if (!mine) return false;
      const isNewer = ({ print, since }: Version): boolean =>
        print !== mine.print && (since > mine.since || (since === mine.since && print > mine.print));
      const isNow = [...there].some(([by, each]) => by !== instance && alive.has(by) && isNewer(each));
      // Whoever has the newer one may not have said so again yet.
      const isRecent = mine.forgottenAt !== undefined && now - mine.forgottenAt < AGAIN_MS;
      if (!isNow && isRecent) return mine.wasSuperseded === true;
      mine.wasSuperseded = isNow;
      return isNow;
    },
  };
}

async function readAll(
  redis: Redis,
  accounts: readonly Account[],
): Promise<readonly ReadonlyMap<string, Version>[]> {
  const read = redis.pipeline();
  for (const { name } of accounts) read.hgetall(keys.entry(name));
  return ((await read.exec()) ?? []).map(([error, fields]) => {
    if (error) throw error;
    return new Map(
      Object.entries(fields ?? {}).flatMap(([by, text]): [string, Version][] => {
        const [since, print] = String(text).split(' ');
        return print === undefined ? [] : [[by, { print, since: Number(since) }]];
      }),
    );
  });
}
