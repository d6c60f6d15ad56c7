import type { Redis } from 'ioredis';
import type { Log } from '../core/log.ts';
import { rampOpenAt } from '../core/policy.ts';
import type { Commit, Lease, Network, TokenStore } from '../core/store.ts';
import { keys } from './keys.ts';
import { outcomeFields, readRecord, sessionFields, type Fields } from './record.ts';
import { REARM_SHARE } from './rearm.ts';
import { committed, numbers, pairs, strings } from './replies.ts';
import { run, scripts } from './scripts.ts';
import type { Seal } from './seal.ts';

/** Key lists outlive their tokens, so that what others put on them is still there tomorrow. */
const LIST_TTL_MS = 7 * 24 * 60 * 60_000;
/** What a success wipes from the record. */
const settledFields = [
  'attempt',
  'failures',
  'trouble',
  'retryAt',
  'unknownSignIns',
  'request',
  'claimedBy',
  'expiredSaid',
];

/** The store over one Redis. Errors of Redis pass through: the caller leaves the account as it is. */
export function makeStore(redis: Redis, seal: Seal, log: Log): TokenStore {
  const rampKeys = (network: Network): readonly string[] => keys.ramp(network);
  /** The request each lease saw, so that settling answers exactly that one. */
  const seenRequests = new WeakMap<Lease, string>();

  return {
    async acquire(name, network, owner, ttlMs) {
      const reply = strings(
        await run(
          redis,
          scripts.acquire,
          [keys.lease(name), keys.record(name), keys.queued(network.broker), keys.silence(network)],
          [owner, ttlMs, name],
        ),
      );
      const [fence, silentUntil, ...flat] = reply;
      if (fence === undefined) return undefined;
      const fields = pairs(flat);
      const { record, unreadable } = readRecord(name, fields, seal);
      if (unreadable)
        log.error(
          { event: 'record.unreadable', account: name },
          `The stored session of ${name} cannot be opened with SECRET_KEY; it is treated as gone.`,
        );
      const lease: Lease = { name, owner, fence: Number(fence) };
      seenRequests.set(lease, fields['request'] ?? '');
      return { lease, record, silentUntil: Number(silentUntil ?? 0) };
    },

    async extend(lease, ttlMs) {
      return (await run(redis, scripts.extend, [keys.lease(lease.name)], [lease.owner, ttlMs])) === 1;
    },

    async note(lease, attempt, options) {
      const reply = await run(
        redis,
        scripts.note,
        [keys.lease(lease.name), keys.record(lease.name), ...rampKeys(options.network)],
        [
          lease.owner,
          options.ttlMs,
          JSON.stringify(attempt),
          options.seedSpent ?? '',
          lease.name,
          options.now,
          options.ramp ? 1 : 0,
          rampOpenAt,
          seenRequests.get(lease) ?? '',
        ],
      );
      return reply === 1 ? 'noted' : reply === -1 ? 'ramped' : 'lost';
    },

    async commit(lease, network, commit, now) {
      const payload = {
        ...publication(lease.name, commit, now),
        owner: lease.owner,
        fence: String(lease.fence),
        claims: commit.claims,
        adopted: commit.session.source === 'adopted',
        set: {
          ...sessionFields(lease.name, commit.session, seal),
          ...(commit.refused.length > 0 && { refused: JSON.stringify(commit.refused) }),
        },
        drop: [...settledFields, ...(commit.refused.length > 0 ? [] : ['refused'])],
        standing: standing('fresh', '', now, commit.session.grant.expiresAt),
        dueAt: Math.max(1, commit.dueAt),
        events: commit.events.map((kind) =>
          event(kind, lease.name, namesIn(commit), commit.session.generation, commit.session.grant.expiresAt),
        ),
        ramp: commit.ramp ?? '',
        open: rampOpenAt,
      };
      return committed(
        await run(redis, scripts.commit, commitKeys(lease.name, network), [JSON.stringify(payload)]),
      );
    },

    async settle(lease, network, settlement, now) {
      const { record } = settlement;
      const { set, drop } = outcomeFields(record);
      const payload = {
        name: lease.name,
        names: settlement.names,
        owner: lease.owner,
        fence: String(lease.fence),
        now,
        set,
        drop,
        standing: standing(
          settlement.standing.state,
          settlement.standing.reason,
          now,
          record.session?.grant.expiresAt,
        ),
        dueAt: settlement.dueAt ?? 0,
        seenRequest: seenRequests.get(lease) ?? '',
        event: settlement.event
          ? event(
              settlement.event,
              lease.name,
              settlement.names,
              record.session?.generation ?? 0,
              record.session?.grant.expiresAt,
            )
          : '',
        ramp: settlement.ramp ?? '',
        open: rampOpenAt,
      };
      const reply = numbers(
        await run(
          redis,
          scripts.settle,
          [keys.lease(lease.name), keys.record(lease.name), keys.due(network.broker), ...rampKeys(network)],
          [JSON.stringify(payload)],
        ),
      );
      return { settled: reply[0] === 1, woken: reply[1] ?? 0 };
    },

    async restore(name, network, commit, now) {
      const payload = { ...publication(name, commit, now), restore: true };
      const reply = await run(redis, scripts.commit, commitKeys(name, network), [JSON.stringify(payload)]);
      return committed(reply).outcome === 'committed';
    },

    async peek(name) {
      return readRecord(name, await redis.hgetall(keys.record(name)), seal).record;
    },

    async release(lease) {
      await run(redis, scripts.release, [keys.lease(lease.name)], [lease.owner]);
    },

    async foreignToken(name) {
      try {
        return (await redis.get(`token:${name}`)) ?? undefined;
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined;
        throw error;
      }
    },

    async silentUntil(network, now) {
      const until = Number((await redis.hget(keys.silence(network), 'until')) ?? 0);
      return until > now ? until : 0;
    },

    async silence(network, silence, now) {
      await run(
        redis,
        scripts.silence,
        [keys.silence(network)],
        [silence.until, silence.code, silence.scope, now],
      );
    },
  };
}

function commitKeys(name: string, network: Network): readonly string[] {
  return [
    keys.lease(name),
    keys.record(name),
    keys.due(network.broker),
    keys.rearm,
    keys.owners,
    name,
    ...keys.ramp(network),
  ];
}

function publication(name: string, commit: Commit, now: number): Readonly<Record<string, unknown>> {
  const { grant, generation } = commit.session;
  const keyUntil = Math.max(
    1,
    Math.min(grant.expiresAt, commit.ttlCapMs === undefined ? Infinity : now + commit.ttlCapMs),
  );
  return {
    name,
    now,
    names: namesIn(commit),
    generation: String(generation),
    token: grant.token,
    keyUntil,
    listTtlMs: LIST_TTL_MS,
    publications: commit.publications,
    rearmAt:
      commit.ttlCapMs !== undefined && keyUntil < grant.expiresAt ? now + REARM_SHARE * commit.ttlCapMs : 0,
  };
}

const namesIn = (commit: Commit): readonly string[] =>
  commit.publications.map((publication) => publication.name);

function standing(state: string, reason: string, now: number, expiresAt: number | undefined): Fields {
  return {
    state,
    reason,
    since: new Date(now).toISOString(),
    expiresAt: expiresAt === undefined ? '' : new Date(expiresAt).toISOString(),
  };
}

function event(
  kind: string,
  username: string,
  names: readonly string[],
  generation: number,
  expiresAt: number | undefined,
): string {
  return JSON.stringify({
    event: kind,
    username,
    names,
    generation,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
  });
}
