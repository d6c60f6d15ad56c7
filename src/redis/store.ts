import type { Redis } from 'ioredis';
import type { Log } from '../core/log.ts';
import type { Ledger } from '../core/limits.ts';
import type { Lease, Network, TokenStore } from '../core/store.ts';
import { NOTHING_GIVEN, type Given } from './given.ts';
import { makeKeyWords, wordKeys } from './key-words.ts';
import { keys } from './keys.ts';
import { commitPayload, notePayload, restorePayload, settlePayload } from './payloads.ts';
import { patienceIn } from './patience.ts';
import { readRecord, readTrouble } from './record.ts';
import { committed, numbers, pairs, strings } from './replies.ts';
import { run, scripts } from './scripts.ts';
import type { Seal } from './seal.ts';
import { readSilence, silenceEnd, silenceKeys } from './silences.ts';
import { readNetworkWord } from './network-word.ts';
import { readFailed } from './usage.ts';

/**
 * The store over one Redis. Errors of Redis pass through: the caller leaves the account as it is.
 *
 * @param given what every new fence must be above, whatever Redis knows: generations only grow
 */
export function makeStore(redis: Redis, seal: Seal, log: Log, given: Given = NOTHING_GIVEN): TokenStore {
  const rampKeys = (network: Network): readonly string[] => keys.ramp(network);
  /** The request each lease saw, so that settling answers exactly that one. */
  const seenRequests = new WeakMap<Lease, string>();

  return {
    async acquire(name, network, owner, ttlMs, now) {
      const [breaker] = keys.breaker(network);
      const reply = strings(
        await run(
          redis,
          scripts.acquire,
          [
            keys.lease(name),
            keys.record(name),
            keys.queued(network.broker),
            breaker,
            ...wordKeys(network),
            ...silenceKeys(network),
          ],
          [
            owner,
            ttlMs,
            name,
            given.generation(),
            given.reservedElsewhere(),
            given.reservedAtStart(),
            wordKeys(network).length,
          ],
        ),
      );
      const [fence, isNew, downFor, silentUntil, lastFence, refusedKey, serverNow, ...flat] = reply;
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
      return {
        lease,
        record: { ...record, retryAt: patienceIn(fields, Number(serverNow), now) },
        isNew: isNew === '1',
        lastFence: Number(lastFence ?? 0),
        silentUntil: silenceEnd(Number(silentUntil ?? 0), Number(serverNow), now),
        downUntil: Number(downFor) > 0 ? now + Number(downFor) : 0,
        behindMs: Number(serverNow) - now,
        refusedKey: readTrouble(refusedKey),
      };
    },

    async extend(lease, ttlMs) {
      const touched = [keys.lease(lease.name), keys.record(lease.name)];
      return (await run(redis, scripts.extend, touched, [lease.owner, ttlMs])) === 1;
    },

    async note(lease, attempt, options) {
      const { network, budgets, signIn, leaves = [] } = options;
      const [breaker, breakerProbe] = keys.breaker(network);
      const payload = notePayload(lease, attempt, options, seenRequests.get(lease) ?? '');
      const [outcome, second, limit] = strings(
        await run(
          redis,
          scripts.note,
          [
            keys.lease(lease.name),
            keys.record(lease.name),
            ...rampKeys(network),
            breaker,
            breakerProbe,
            ledgerKey(network, signIn?.ledger),
            keys.silence(network),
            // Fixed in number too: without an API key the network's own stands twice.
            silenceKeys(network).at(-1) ?? '',
            ...[...budgets, ...leaves].map((budget) => keys.budget(network.broker, budget)),
          ],
          [JSON.stringify(payload)],
        ),
      );
      switch (outcome) {
        case '1':
          return { outcome: 'noted', reachFirst: second === '1' };
        case '-1':
          return { outcome: 'ramped' };
        case '-2':
          return { outcome: 'over', until: Number(second), limit: limit ?? '' };
        case '-3':
          return { outcome: 'down', until: Number(second) };
        case '-4':
          return { outcome: 'silent', until: Number(second) };
        default:
          return { outcome: 'lost' };
      }
    },

    async commit(lease, network, commit, now) {
      const payload = commitPayload(lease, commit, seal, now);
      return committed(
        await run(redis, scripts.commit, commitKeys(lease.name, network, commit.ledger), [
          JSON.stringify(payload),
        ]),
      );
    },

    async settle(lease, network, settlement, now) {
      const { charge, failed = [], refunded = [] } = settlement;
      const payload = settlePayload(lease, settlement, seal, seenRequests.get(lease) ?? '', now);
      const reply = numbers(
        await run(
          redis,
          scripts.settle,
          [
            keys.lease(lease.name),
            keys.record(lease.name),
            keys.due(network.broker),
            ...rampKeys(network),
            ...keys.breaker(network),
            ledgerKey(network, charge?.ledger),
            ...[...failed, ...refunded].map((budget) => keys.budget(network.broker, budget)),
          ],
          [JSON.stringify(payload)],
        ),
      );
      return { settled: reply[0] === 1, woken: reply[1] ?? 0 };
    },

    async restore(name, network, commit, now) {
      const payload = restorePayload(name, commit, now);
      const reply = await run(redis, scripts.commit, commitKeys(name, network, undefined), [
        JSON.stringify(payload),
      ]);
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

    silenceOf: (network, now) => readSilence(redis, silenceKeys(network), now),

    async silence(network, silence, now) {
      const key =
        silence.scope === 'key' && network.key !== undefined
          ? keys.keySilence(network.broker, network.key)
          : keys.silence(network);
      const { until, code, scope, message = '' } = silence;
      const [endsAt, leftMs] = strings(
        await run(redis, scripts.silence, [key], [until, code, scope, now, message]),
      );
      return { endsAt: Number(endsAt), leftMs: Number(leftMs) };
    },

    ...makeKeyWords(redis),

    failedIn: (network, ledger, now) => readFailed(redis, network.broker, ledger, now),
    networkWord: (network, ledger, now) => readNetworkWord(redis, network, ledger, now),

    async recharge(network, ledger, failed) {
      const key = keys.budget(network.broker, ledger);
      const scored = failed.flatMap(({ at, as, member }) => [
        String(at),
        `${as === 'refused' ? 'r' : 'u'}:${member}`,
      ]);
      await redis
        .multi()
        .zadd(key, ...scored)
        .pexpire(key, ledger.windowMs)
        .exec();
    },
  };
}

/** A script's keys are fixed in number: where no ledger is kept, its key stays empty. */
const ledgerKey = (network: Network, ledger: Ledger | undefined): string =>
  keys.budget(network.broker, ledger ?? { limit: 'no-ledger', subject: network.egress });

function commitKeys(name: string, network: Network, ledger: Ledger | undefined): readonly string[] {
  return [
    keys.lease(name),
    keys.record(name),
    keys.due(network.broker),
    keys.rearm,
    keys.owners,
    name,
    ...keys.ramp(network),
    ...keys.breaker(network),
    ledgerKey(network, ledger),
  ];
}
