import type { Redis } from 'ioredis';
import { z } from 'zod';
import { namesOf, type Account } from '../core/account.ts';
import type { Way } from '../core/way.ts';
import { plannedCalls } from '../core/walk.ts';
import { keys } from './keys.ts';

const waySchema = z.object({
  by: z.enum(plannedCalls),
  signsIn: z.boolean(),
  key: z.string().optional(),
  dueAtShare: z.number(),
  jitterShare: z.number(),
  timeoutMs: z.number(),
  lifeMs: z.number(),
  proveEveryMs: z.number().optional(),
  cost: z.partialRecord(z.enum(plannedCalls), z.number()).optional(),
  reads: z.number().optional(),
});

const entrySchema = z.object({
  /** The login it is configured for; a session of another one holds nothing. */
  identity: z.string(),
  broker: z.string(),
  environment: z.string(),
  username: z.string(),
  enabled: z.boolean(),
  /** True: only watched. Such a one is not `enabled`, so that nothing is done for it. */
  observed: z.boolean().optional(),
  subAccounts: z.array(z.string()),
  /** True where only a person can get the next token. */
  person: z.boolean(),
  /** True where its broker asks that person, where it is told to. */
  asks: z.boolean().optional(),
  /** How it gets its next tokens, for plans; undefined where an older version entered it. */
  way: waySchema.optional(),
});

/** What everybody on this Redis may know of a configured account: no secret. */
export type RosterEntry = z.output<typeof entrySchema>;

/** How long readers can still see why a removed account's keys run out. */
const STATE_LINGERS_MS = 24 * 60 * 60_000;
const BATCH = 500;

/** Where an account stands, and why. */
type Standing = Readonly<Record<'state' | 'reason', string>>;

export interface Roster {
  /** Enters accounts, and the names they own, whether they are there or not. */
  enter(accounts: readonly Account[]): Promise<void>;
  /** Takes accounts off: renewed no more, keys left to run out. */
  remove(names: readonly string[]): Promise<void>;
  /** What `state:<name>` says of each, undefined where it says nothing. */
  standings(names: readonly string[]): Promise<readonly (Standing | undefined)[]>;
  /** The accounts that are not on it, or whose names are nobody's. */
  missing(accounts: readonly Account[]): Promise<readonly string[]>;
  read(): Promise<ReadonlyMap<string, RosterEntry>>;
  get(name: string): Promise<RosterEntry | undefined>;
}

/** `wayOf`: how an account gets its next tokens; only who enters accounts needs it. */
export function makeRoster(redis: Redis, wayOf?: (account: Account) => Way): Roster {
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
          JSON.stringify(entryOf(account, wayOf?.(account))),
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
    async standings(names) {
      const standings: (Standing | undefined)[] = [];
      for (let i = 0; i < names.length; i += BATCH) {
        const read = redis.pipeline();
        for (const name of names.slice(i, i + BATCH)) read.hmget(`state:${name}`, 'state', 'reason');
        const replies = (await read.exec()) ?? [];
        standings.push(...replies.map(([, fields]) => standingIn(fields)));
      }
      return standings;
    },
    async missing(accounts) {
      const without: string[] = [];
      for (let i = 0; i < accounts.length; i += BATCH) {
        const batch = accounts.slice(i, i + BATCH);
        const names = batch.map((account) => account.name);
        const [entries, owners] = await Promise.all([
          redis.hmget(keys.roster, ...names),
          redis.hmget(keys.names, ...names),
        ]);
        without.push(...names.filter((_, k) => entries[k] === null || owners[k] === null));
      }
      return without;
    },
    async remove(names) {
      for (const name of names) await removeOne(redis, name);
    },
  };
}

async function removeOne(redis: Redis, name: string): Promise<void> {
  const entry = parse((await redis.hget(keys.roster, name)) ?? '');
  if (!entry) return;
  if (entry.observed) return removeObserved(redis, name, entry);
  const stored = await redis.hmget(
    keys.record(name),
    'generation',
    'expiresAt',
    'aliases',
    'claims',
    'names',
  );
  const [generation, expiresAt, aliases, claims, published] = stored;
  const listed = listOf(published);
  const finders = listed.length > 0 ? await redis.hmget(keys.discovered, ...listed) : [];
  const found = listed.filter((_, i) => finders[i] === name);
  const own = [...new Set([name, ...entry.subAccounts, ...found])];
  const write = redis
    .multi()
    .hdel(keys.roster, name)
    .zrem(keys.due(entry.broker), name)
    .zrem(keys.queued(entry.broker), name)
    .zrem(keys.rearm, name)
    .del(keys.entry(name));
  // What it held is free for others now.
  for (const [key, fields] of [
    [keys.names, own],
    [keys.discovered, found],
    [keys.aliases, listOf(aliases)],
    [keys.owners, listOf(claims)],
  ] as const) {
    const holders = fields.length > 0 ? await redis.hmget(key, ...fields) : [];
    const held = fields.filter((_, i) => holders[i] === name);
    if (held.length > 0) write.hdel(key, ...held);
  }
  for (const each of own) write.pexpire(`state:${each}`, STATE_LINGERS_MS);
  const event = {
    event: 'removed',
    username: name,
    names: own,
    generation: Number(generation ?? 0),
    expiresAt: expiresAt ? new Date(Number(expiresAt)).toISOString() : null,
  };
  await write.publish('token-events', JSON.stringify(event)).exec();
}

/** What bots read of it is somebody else's. */
async function removeObserved(redis: Redis, name: string, { subAccounts }: RosterEntry): Promise<void> {
  const own = [name, ...subAccounts];
  const holders = await redis.hmget(keys.names, ...own);
  const held = own.filter((_, i) => holders[i] === name);
  const write = redis.multi().hdel(keys.roster, name).hdel(keys.observed, name).del(keys.entry(name));
  if (held.length > 0) write.hdel(keys.names, ...held);
  await write.exec();
}

function listOf(text: string | null | undefined): readonly string[] {
  try {
    return z
      .array(z.string())
      .catch([])
      .parse(JSON.parse(text ?? '[]'));
  } catch {
    return [];
  }
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

function standingIn(fields: unknown): Standing | undefined {
  const [state, reason] = z.array(z.unknown()).catch([]).parse(fields);
  return typeof state === 'string' ? { state, reason: typeof reason === 'string' ? reason : '' } : undefined;
}

function entryOf(account: Account, way: Way | undefined): RosterEntry {
  const { signIn, consent } = account.connection;
  return {
    identity: account.identity,
    broker: account.broker,
    environment: account.environment,
    username: account.username,
    enabled: account.enabled && account.observed !== true,
    ...(account.observed === true && { observed: true }),
    subAccounts: [...account.subAccounts],
    person: signIn === undefined && consent !== undefined,
    ...(signIn === undefined && consent?.request && { asks: true }),
    ...(way && { way }),
  };
}

function parse(text: string): RosterEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
