import type { Redis } from 'ioredis';
import type { StatusFacts } from '../core/describe.ts';
import { keys } from './keys.ts';
import { readObserved } from './observed.ts';
import type { RosterEntry } from './roster.ts';
import { readSilences } from './silences.ts';

const recordFields = [
  'generation',
  'issuedAt',
  'expiresAt',
  'renewAt',
  'failures',
  'retryAt',
  'trouble',
  'attempt',
  'provenAt',
  'discovered',
  'heldBack',
  'unrenewed',
  'paused',
] as const;
const BATCH = 250;

/** What is stored about accounts, as operators may see it. Nothing sealed is read. `network`: whose silences count for them. */
export async function readFacts(
  redis: Redis,
  entries: readonly (readonly [string, RosterEntry])[],
  network?: { readonly egress: string; readonly now: number },
): Promise<readonly StatusFacts[]> {
  const facts: StatusFacts[] = [];
  const brokers = [...new Set(entries.map(([, { broker }]) => broker))];
  const found = network ? await readSilences(redis, brokers, network.egress, network.now) : [];
  const silences = new Map(found.map((silence) => [silence.broker, silence]));
  for (let i = 0; i < entries.length; i += BATCH) {
    const batch = entries.slice(i, i + BATCH);
    const read = redis.pipeline();
    for (const [name, entry] of batch) {
      read.hmget(keys.record(name), ...recordFields);
      read.hmget(`meta:${name}`, 'tokenType', 'scope');
      read.hmget(`state:${name}`, 'state', 'reason', 'since');
      read.zscore(keys.due(entry.broker), name);
      read.exists(keys.lease(name));
    }
    const replies = (await read.exec()) ?? [];
    batch.forEach(([name, entry], j) => {
      const row = (k: number): readonly (string | null)[] => list(replies[j * 5 + k]?.[1]);
      const single = (k: number): unknown => replies[j * 5 + k]?.[1];
      const [
        generation,
        issuedAt,
        expiresAt,
        renewAt,
        failures,
        retryAt,
        trouble,
        attempt,
        provenAt,
        found,
        heldBack,
        unrenewed,
        paused,
      ] = row(0);
      const [tokenType, scope] = row(1);
      const [state, reason, since] = row(2);
      const due = single(3);
      facts.push({
        name,
        username: entry.username,
        broker: entry.broker,
        environment: entry.environment,
        enabled: entry.enabled,
        subAccounts: [...new Set([...entry.subAccounts, ...names(found)])],
        provenAt: numeric(provenAt),
        proveEveryMs: entry.way?.proveEveryMs,
        person: entry.person,
        asks: entry.asks,
        generation: numeric(generation),
        issuedAt: numeric(issuedAt),
        expiresAt: numeric(expiresAt),
        renewAt: numeric(renewAt),
        failures: numeric(failures) ?? 0,
        retryAt: numeric(retryAt),
        trouble: trouble ?? undefined,
        heldBack: heldBack ?? undefined,
        unrenewed: numeric(unrenewed),
        paused: paused ?? undefined,
        underWay: attempt !== null && attempt !== undefined && single(4) === 1,
        tokenType: tokenType ?? undefined,
        scope: scope ?? undefined,
        state: state ?? undefined,
        reason: reason ?? undefined,
        since: since ?? undefined,
        dueAt: numeric(typeof due === 'string' ? due : null),
        silence: silences.get(entry.broker),
      });
    });
  }
  return withObserved(redis, entries, facts);
}

/** Of those that somebody else serves it counts what was seen of them. */
async function withObserved(
  redis: Redis,
  entries: readonly (readonly [string, RosterEntry])[],
  facts: readonly StatusFacts[],
): Promise<readonly StatusFacts[]> {
  const names = entries.filter(([, { observed }]) => observed).map(([name]) => name);
  const seen = await readObserved(redis, names);
  const watched = new Set(names);
  return facts.map((each) =>
    watched.has(each.name) ? { ...each, ...seen.get(each.name), enabled: true, observed: true } : each,
  );
}

function list(reply: unknown): readonly (string | null)[] {
  return Array.isArray(reply)
    ? reply.map((value: unknown) => (typeof value === 'string' ? value : null))
    : [];
}

/** The sub-accounts that the broker listed. */
function names(text: string | null | undefined): readonly string[] {
  if (!text) return [];
  const found: unknown = JSON.parse(text);
  return Array.isArray(found) ? found.filter((name) => typeof name === 'string') : [];
}

function numeric(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text);
}
