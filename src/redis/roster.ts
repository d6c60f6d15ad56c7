import type { Redis } from 'ioredis';
import { z } from 'zod';
import { namesOf, type Account } from '../core/account.ts';
import { keys } from './keys.ts';

const entrySchema = z.object({
  broker: z.string(),
  environment: z.string(),
  username: z.string(),
  enabled: z.boolean(),
  subAccounts: z.array(z.string()),
  /** True where only a person can get the next token. */
  person: z.boolean(),
});

/** What everybody on this Redis may know of a configured account: no secret. */
export type RosterEntry = z.output<typeof entrySchema>;

/** How long readers can still see why a removed account's keys run out. */
const STATE_LINGERS_MS = 24 * 60 * 60_000;
const BATCH = 500;

export interface Roster {
  /** Enters accounts, and the names they own, whether they are there or not. */
  enter(accounts: readonly Account[]): Promise<void>;
  /** Takes accounts off: renewed no more, keys left to run out. */
  remove(names: readonly string[], now: number): Promise<void>;
  read(): Promise<ReadonlyMap<string, RosterEntry>>;
  get(name: string): Promise<RosterEntry | undefined>;
}

export function makeRoster(redis: Redis): Roster {
  async function read(): Promise<ReadonlyMap<string, RosterEntry>> {
    const all = await redis.hgetall(keys.roster);
    const entries = Object.entries(all).flatMap(([name, text]): [string, RosterEntry][] => {
      const entry = parse(text);
      return entry ? [[name, entry]] : [];
    });
    return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return {
    read,
    async get(name) {
      const text = await redis.hget(keys.roster, name);
      return text === null ? undefined : parse(text);
    },
    async enter(accounts) {
      for (let i = 0; i < accounts.length; i += BATCH) {
        const batch = accounts.slice(i, i + BATCH);
        const entries = batch.map((account): [string, string] => [
          account.name,
          JSON.stringify(entryOf(account)),
        ]);
        await dropFormerNames(redis, batch);
        const owned = batch.flatMap((account) =>
          namesOf(account).map((name): [string, string] => [name, account.name]),
        );
        await redis
          .multi()
          .hset(keys.roster, Object.fromEntries(entries))
          .hset(keys.names, Object.fromEntries(owned))
          .exec();
      }
    },
    async remove(names, now) {
      for (const name of names) {
        const entry = await redis
          .hget(keys.roster, name)
          .then((text) => (text === null ? undefined : parse(text)));
        if (!entry) continue;
        const own = [name, ...entry.subAccounts];
        const owners = await redis.hmget(keys.names, ...own);
        const free = own.filter((_, i) => owners[i] === name);
        const write = redis
          .multi()
          .hdel(keys.roster, name)
          .zrem(keys.due(entry.broker), name)
          .zrem(keys.rearm, name);
        if (free.length > 0) write.hdel(keys.names, ...free);
        for (const each of own) write.pexpire(`state:${each}`, STATE_LINGERS_MS);
        const event = { event: 'removed', username: name, names: own, generation: 0, expiresAt: null };
        await write
          .publish('token-events', JSON.stringify(event))
          .hset(keys.record(name), 'removedAt', now)
          .exec();
      }
    },
  };
}

/** A sub-account that is configured no longer is free for another login. */
async function dropFormerNames(redis: Redis, accounts: readonly Account[]): Promise<void> {
  const before = await redis.hmget(keys.roster, ...accounts.map((account) => account.name));
  for (const [i, account] of accounts.entries()) {
    const former =
      parse(before[i] ?? '')?.subAccounts.filter((name) => !account.subAccounts.includes(name)) ?? [];
    if (former.length === 0) continue;
    const owners = await redis.hmget(keys.names, ...former);
    const free = former.filter((_, k) => owners[k] === account.name);
    if (free.length > 0) await redis.hdel(keys.names, ...free);
    for (const name of free) await redis.pexpire(`state:${name}`, STATE_LINGERS_MS);
  }
}

function entryOf(account: Account): RosterEntry {
  return {
    broker: account.broker,
    environment: account.environment,
    username: account.username,
    enabled: account.enabled,
    subAccounts: [...account.subAccounts],
    person: account.connection.signIn === undefined && account.connection.consent !== undefined,
  };
}

function parse(text: string): RosterEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
