import type { Redis } from 'ioredis';
import type { Account } from '../core/account.ts';
import { isPlannedTooLate, type Planned } from '../core/next-look.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { TokenStore } from '../core/store.ts';
import type { DueIndex } from '../redis/due.ts';
import { keys } from '../redis/keys.ts';
import { dueForRearm, rearm } from '../redis/rearm.ts';
import { reseal } from '../redis/reseal.ts';
import type { Entries } from '../redis/entries.ts';
import type { Roster } from '../redis/roster.ts';
import type { Seal } from '../redis/seal.ts';
import type { Mirror } from '../mirror/index.ts';
import type { Accounts } from './accounts.ts';
import type { Keeper } from '../tending/parts.ts';
import { putBack } from './put-back.ts';
import { makeSayOverdue } from './overdue.ts';
import { makeSayStateFolder, type StateFolderParts } from './state-folder.ts';
import { makeUntold, type UntoldParts } from './untold.ts';

export interface UpkeepParts extends Omit<StateFolderParts, 'alerts' | 'mirror'> {
  readonly alerts: UntoldParts['alerts'] & StateFolderParts['alerts'];
  readonly mirror: StateFolderParts['mirror'] & Pick<Mirror, 'generation' | 'note'>;
  readonly redis: Redis;
  readonly store: Pick<TokenStore, 'silenceOf'>;
  readonly seal: Seal;
  readonly due: DueIndex;
  readonly roster: Roster;
  readonly keeper: Keeper;
  readonly accounts: Accounts;
  readonly egress: string;
  readonly ttlCapMs: (account: Account) => number | undefined;
  /** Takes off the roster what nobody serves. */
  readonly tidy: () => Promise<void>;
  /** Looks again at what is not as its changed entry asks for. */
  readonly lookAtOutdated: () => Promise<void>;
  readonly entries: Entries;
  /** Marks Redis as ours again after it was emptied. */
  readonly enterWorld: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Upkeep {
  /** Puts aside what no key opens, before anybody writes over it, and seals the rest under the first key. */
  openAll(): Promise<void>;
  /** Gives every account its roster entry, its next action and its keys; proves it from what is stored. */
  sweep(): Promise<void>;
  /** Gives capped TTLs their full length again, and lost keys their token. */
  rearm(): Promise<void>;
}

/** So many accounts' keys are looked at in one sweep; the next one goes on from there. */
const KEYS_PER_SWEEP = 2_000;
/** So many records are read at once: more would hold up everything else. */
const FINDINGS_AT_ONCE = 500;
/** Of a record: what must outlive Redis. */
const FINDINGS = [
  'generation',
  'refused',
  'unknownSignIns',
  'proven',
  'seedSpent',
  'asked',
  'owner',
  'paused',
  'renewalSpent',
];

export function makeUpkeep(parts: UpkeepParts): Upkeep {
  const { redis, due, clock, log } = parts;
  const sayUntold = makeUntold(parts);
  const sayOverdue = makeSayOverdue(parts);
  const sayStateFolder = makeSayStateFolder(parts);
  let from = 0;
  /** What each record said when this process learned of it. */
  const learned = new Map<string, string>();

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
    if (!account?.enabled) {
      // Left to run out; an account that only another process knows is that one's to re-arm.
      if (account || !(await parts.roster.get(name))) await redis.zrem(keys.rearm, name);
      return;
    }
    const outcome = await rearm(redis, name, clock.now(), parts.ttlCapMs(account));
    if (outcome === 'missing') await restore(name);
    if (outcome === 'foreign') {
      log.warn(
        { event: 'keys.foreign', account: name },
        `Somebody else wrote a key of ${name}; its TTL was left as it is.`,
      );
    }
  }

  /** When the silences end that accounts wait for, ms; looked up once for all that wait for the same. */
  function silencesOf(
    accounts: readonly Account[],
    plans: readonly (Planned | undefined)[],
    now: number,
  ): Promise<readonly (number | undefined)[]> {
    const found = new Map<string, Promise<number>>();
    return Promise.all(
      accounts.map(async ({ broker, key }, j) => {
        if (plans[j]?.reason !== 'broker_silence') return undefined;
        const known = key === undefined ? undefined : parts.seal.fingerprint(['key', key]);
        const network = { broker, egress: parts.egress, key: known };
        const end =
          found.get(known ?? '') ??
          parts.store.silenceOf(network, now).then((silence) => silence?.until ?? 0);
        found.set(known ?? '', end);
        return end;
      }),
    );
  }

  /** What a clock that was ahead has planned: it may be right again, or its process gone. */
  async function sweepLate(broker: string, accounts: readonly Account[]): Promise<void> {
    const own = accounts.filter(({ enabled, connection }) => enabled && connection.signIn);
    const now = clock.now();
    for (let i = 0; i < own.length; i += FINDINGS_AT_ONCE) {
      const names = own.slice(i, i + FINDINGS_AT_ONCE).map(({ name }) => name);
      const plans = await due.plans(broker, names, now);
      const ends = await silencesOf(own.slice(i, i + FINDINGS_AT_ONCE), plans, now);
      const late = names.filter((_, j) => plans[j] && isPlannedTooLate(plans[j], now, ends[j]));
      if (late.length === 0) continue;
      await due.put(broker, late, now);
      log.warn(
        { event: 'schedule.misdated', broker, accounts: late.length },
        `${late.length} accounts of ${broker} were planned by a clock that was ahead; they are looked at now.`,
      );
    }
  }

  async function sweepDue(broker: string, names: readonly string[]): Promise<void> {
    const lost = await due.missing(broker, names);
    if (lost.length === 0) return;
    const added = await due.seed(broker, lost, clock.now());
    log.info(
      { event: 'schedule.seeded', broker, accounts: added },
      `${added} accounts of ${broker} had no next action and got one.`,
    );
  }

  /** Looks at every key of a login, whatever the list of TTLs to re-arm says: it may be gone as well. */
  async function sweepKeys(names: readonly string[]): Promise<void> {
    if (from >= names.length) from = 0;
    const part = names.slice(from, from + KEYS_PER_SWEEP);
    from += KEYS_PER_SWEEP;
    await Promise.all(part.map(rearmOne));
  }

  /**
   * What another process found out is on its disk alone. Were Redis emptied, this one would try a refused
   * password again, break a silence, and not know the token that a person got.
   */
  async function sweepFindings(accounts: readonly Account[]): Promise<void> {
    let highest = 0;
    for (let i = 0; i < accounts.length; i += FINDINGS_AT_ONCE) {
      const batch = accounts.slice(i, i + FINDINGS_AT_ONCE);
      const read = redis.pipeline();
      for (const { name } of batch) read.hmget(keys.record(name), ...FINDINGS);
      const replies = (await read.exec()) ?? [];
      for (const [j, { name, connection }] of batch.entries()) {
        const [error, found] = replies[j] ?? [];
        if (error) throw error;
        const [generation, ...others] = Array.isArray(found) ? found.map(String) : [];
        highest = Math.max(highest, Number(generation) || 0);
        // Only a person's tokens are kept on disk: the others' generations change nothing there.
        const text = JSON.stringify([connection.signIn ? '' : generation, ...others]);
        if (learned.get(name) === text) continue;
        await parts.keeper.learn(name);
        learned.set(name, text);
      }
      const onKeys = oneOfEach(batch, ({ broker, key }) => key && broker + key);
      await Promise.all(onKeys.map(parts.keeper.learnKey));
    }
    await Promise.all(oneOfEach(accounts, ({ broker }) => broker).map(parts.keeper.learnNetwork));
    // By it generations grow over a loss of Redis also where another process gave the highest out.
    if (highest > parts.mirror.generation()) parts.mirror.note({ generation: highest });
    // Redis went back in time: what bots read is older than what was published once.
    for (const { name, broker } of await putBack(parts, accounts)) await due.put(broker, [name], clock.now());
  }

  /** An account that is off the roster, emptied or taken off by an older process, is entered again. Says which. */
  async function sweepRoster(accounts: readonly Account[]): Promise<ReadonlySet<string>> {
    const missing = new Set(await parts.roster.missing(accounts));
    if (missing.size > 0) {
      const lost = accounts.filter((account) => missing.has(account.name));
      await parts.roster.enter(lost);
      await parts.entries.enter(lost.filter(({ observed }) => observed !== true));
    }
    return missing;
  }

  /** Until all is sealed under the first key, an older one cannot leave the ring. */
  async function sweepSeals(names: readonly string[]): Promise<void> {
    const { resealed } = await reseal(redis, parts.seal, names, clock.now(), log);
    if (resealed === 0) return;
    log.info(
      { event: 'records.resealed', records: resealed },
      `${resealed} sealed entries are under the first SECRET_KEY now.`,
    );
  }

  return {
    openAll: () => sweepSeals(parts.accounts.all().map(({ name }) => name)),
    async sweep() {
      await parts.enterWorld();
      await sayStateFolder();
      await parts.tidy();
      const entered = await sweepRoster([...parts.accounts.all(), ...parts.accounts.observed()]);
      // A disabled account rests without a next action, but its state may be gone with its roster entry.
      const served = parts.accounts.all().filter(({ enabled, name }) => enabled || entered.has(name));
      for (const [broker, group] of Map.groupBy(served, (account) => account.broker)) {
        await sweepDue(
          broker,
          group.map((account) => account.name),
        );
        await sweepLate(broker, group);
      }
      await sweepFindings(served);
      await parts.lookAtOutdated();
      await sweepKeys(served.map((account) => account.name));
      const enabled = served.filter((account) => account.enabled);
      await sayUntold(enabled, clock.now());
      await sayOverdue(enabled, clock.now());
    },
    async rearm() {
      const names = await dueForRearm(redis, clock.now());
      await Promise.all(names.map(rearmOne));
    },
  };
}

const oneOfEach = (
  accounts: readonly Account[],
  shared: (account: Account) => string | undefined,
): readonly Account[] =>
  [...Map.groupBy(accounts, shared)].flatMap(([what, [first]]) => (what && first ? [first] : []));
