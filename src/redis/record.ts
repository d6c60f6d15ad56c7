import { z } from 'zod';
import type { Grant } from '../core/broker.ts';
import { errorKinds } from '../core/errors.ts';
import type { Pause } from '../core/pause.ts';
import { emptyRecord, originOf, type AccountRecord, type Attempt, type Session } from '../core/session.ts';
import type { Facts } from '../core/store.ts';
import type { Fields } from './patience.ts';
import type { Seal } from './seal.ts';

const words = z.record(z.string(), z.string());
const grantSchema = z.object({
  token: z.string(),
  headers: words,
  renewal: words.optional(),
  issuedAt: z.number(),
  expiresAt: z.number(),
  lifeMs: z.number().optional(),
  tokenType: z.string(),
  scope: z.string().optional(),
  baseUrl: z.string(),
  owner: z.string().optional(),
  ownerIsExclusive: z.boolean().optional(),
  accountId: z.string().optional(),
  meta: words.optional(),
  companions: z.array(z.object({ suffix: z.string(), token: z.string(), expiresAt: z.number() })).optional(),
});
const attemptSchema = z.object({
  kind: z.enum(['sign-in', 'renewal', 'consent', 'request', 'proof']),
  startedAt: z.number(),
  by: z.string(),
  fingerprint: z.string(),
});
const troubleSchema = z.object({
  code: z.string(),
  kind: z.enum(errorKinds),
  message: z.string(),
  at: z.number(),
});
const heldBackSchema = z.object({ fingerprint: z.string(), until: z.number(), message: z.string() });
const requestSchema = z.object({ at: z.number(), rearm: z.boolean() });
const reportedSchema = z.object({ generation: z.number(), at: z.number() });
const pausedSchema = z.object({
  at: z.number(),
  until: z.number().exactOptional(),
  signOut: z.boolean().exactOptional(),
});
const signedOutSchema = z.object({
  at: z.number(),
  how: z.enum(['ended', 'none', 'no-way', 'failed']),
  message: z.string().exactOptional(),
  livesUntil: z.number().exactOptional(),
});
const sourceSchema = z.enum(['sign-in', 'renewal', 'consent', 'adopted']);
const pendingSchema = z.array(z.object({ grant: grantSchema, source: sourceSchema, identity: z.string() }));
const askedSchema = z.object({ at: z.number(), until: z.number(), refused: z.string().exactOptional() });

/** The record, and whether its sealed part could not be opened (then it counts as having no session). */
export interface ReadRecord {
  readonly record: AccountRecord;
  readonly unreadable: boolean;
}

/** A trouble as it lies in Redis. */
export const readTrouble = (text: string | undefined): AccountRecord['trouble'] =>
  parsed(text === '' ? undefined : text, troubleSchema);

/** A person's last word on whether the account rests, as it lies in Redis. */
export const readPause = (text: string | undefined): Pause | undefined => parsed(text, pausedSchema);
export const readAsked = (text: string | undefined): AccountRecord['asked'] => parsed(text, askedSchema);
export const readSignedOut = (text: string | undefined): AccountRecord['signedOut'] =>
  parsed(text, signedOutSchema);

export function readRecord(name: string, fields: Fields, seal: Seal): ReadRecord {
  const session = readSession(name, fields, seal);
  return {
    unreadable: session === undefined && fields['session'] !== undefined,
    record: {
      fence: Number(fields['fence'] ?? 0),
      session,
      attempt: readAttempt(fields['attempt']),
      failures: Number(fields['failures'] ?? 0),
      trouble: parsed(fields['trouble'], troubleSchema),
      retryAt: Number(fields['retryAt'] ?? 0),
      unknownSignIns: parsed(fields['unknownSignIns'], z.array(z.number())) ?? emptyRecord.unknownSignIns,
      answeredSignIns: parsed(fields['answeredSignIns'], z.array(z.number())) ?? emptyRecord.answeredSignIns,
      refused: parsed(fields['refused'], z.array(z.string())) ?? emptyRecord.refused,
      seedSpent: fields['seedSpent'],
      request: parsed(fields['request'], requestSchema),
      reported: parsed(fields['reported'], reportedSchema),
      paused: readPause(fields['paused']),
      signedOut: readSignedOut(fields['signedOut']),
      claimedBy: fields['claimedBy'],
      expiredSaid: Number(fields['expiredSaid'] ?? 0),
      pending: (parsed(opened(name, 'pending', fields, seal), pendingSchema) ?? []).map((each) => ({
        ...each,
        grant: defined(each.grant),
      })),
      asked: parsed(fields['asked'], askedSchema),
      provenAt: Number(fields['provenAt'] ?? 0),
      proofDueAt: Number(fields['proofDueAt'] ?? 0),
      owner: fields['owner'],
      proven: fields['proven'],
      heldBack: parsed(fields['heldBack'], heldBackSchema),
      carry: parsed(opened(name, 'carry', fields, seal), words),
      discovered: parsed(fields['discovered'], z.array(z.string())),
      listedAt: Number(fields['listedAt'] ?? 0),
    },
  };
}

/** The fields a session adds to the hash. The token and what renews it are sealed, bound to the account. */
export function sessionFields(name: string, session: Session, seal: Seal): Fields {
  return {
    session: seal.seal(JSON.stringify(session.grant), `session ${name}`),
    // With the generation that it speaks of: a version that does not know this field leaves it as it is.
    origin: JSON.stringify([session.generation, originOf(session)]),
    identity: session.identity,
    source: session.source,
    issuedAt: String(session.grant.issuedAt),
    expiresAt: String(session.grant.expiresAt),
    renewAt: String(session.renewAt),
    renewalSpent: session.renewalSpent ? '1' : '0',
    unrenewed: String(session.unrenewed ?? 0),
    ...(session.withdrawn && { withdrawn: '1' }),
  };
}

/** What a failure or a rest changes: `set` and `drop` together are the whole of it. */
export function outcomeFields(
  name: string,
  record: AccountRecord,
  seal: Seal,
): { set: Fields; drop: readonly string[] } {
  const optional: Readonly<Record<string, string | undefined>> = {
    trouble: record.trouble && JSON.stringify(record.trouble),
    attempt: record.attempt && JSON.stringify(record.attempt),
    seedSpent: record.seedSpent,
    claimedBy: record.claimedBy,
    unknownSignIns: record.unknownSignIns.length > 0 ? JSON.stringify(record.unknownSignIns) : undefined,
    answeredSignIns: record.answeredSignIns.length > 0 ? JSON.stringify(record.answeredSignIns) : undefined,
    refused: record.refused.length > 0 ? JSON.stringify(record.refused) : undefined,
    failures: record.failures > 0 ? String(record.failures) : undefined,
    signedOut: record.signedOut && JSON.stringify(record.signedOut),
    heldBack: record.heldBack && JSON.stringify(record.heldBack),
    expiredSaid: record.expiredSaid > 0 ? String(record.expiredSaid) : undefined,
    renewalSpent: record.session && (record.session.renewalSpent ? '1' : '0'),
    renewAt: record.session && String(record.session.renewAt),
    pending:
      record.pending.length > 0 ? seal.seal(JSON.stringify(record.pending), `pending ${name}`) : undefined,
    carry: record.carry && seal.seal(JSON.stringify(record.carry), `carry ${name}`),
  };
  const facts = factFields(record);
  const set: Record<string, string> = { ...facts.set };
  const drop: string[] = [...facts.drop];
  // A wish that is still open is carried on; an answered one is dropped by the script that saw it.
  if (record.request) set['request'] = JSON.stringify(record.request);
  for (const [field, value] of Object.entries(optional)) {
    if (value === undefined) drop.push(field);
    else set[field] = value;
  }
  return { set, drop };
}

/** What a success keeps too: whose the account is, what was proved, what was asked and found. */
export function factFields(facts: Facts): { set: Fields; drop: readonly string[] } {
  const optional: Readonly<Record<string, string | undefined>> = {
    owner: facts.owner,
    proven: facts.proven,
    provenAt: facts.provenAt > 0 ? String(facts.provenAt) : undefined,
    proofDueAt: facts.proofDueAt > 0 ? String(facts.proofDueAt) : undefined,
    discovered: facts.discovered && JSON.stringify(facts.discovered),
    listedAt: facts.listedAt > 0 ? String(facts.listedAt) : undefined,
    retryAt: facts.retryAt > 0 ? String(facts.retryAt) : undefined,
    asked: facts.asked && JSON.stringify(facts.asked),
  };
  const entries = Object.entries(optional);
  return {
    set: Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    drop: entries.filter(([, value]) => value === undefined).map(([field]) => field),
  };
}

function opened(name: string, field: string, fields: Fields, seal: Seal): string | undefined {
  const sealed = fields[field];
  return sealed === undefined ? undefined : seal.open(sealed, `${field} ${name}`);
}

/** What `readOrigin` is made of, in this order. */
export const ORIGIN_FIELDS = ['generation', 'origin'] as const;
const originSchema = z.tuple([z.number(), z.number()]);

/** `originOf` the session of a record, from its fields; 0 where there is none. */
export function readOrigin(generation: string | undefined, origin: string | undefined): number {
  const out = Number(generation) || 0;
  const [of, first] = parsed(origin, originSchema) ?? [];
  return first !== undefined && of === out ? first : out;
}

function readSession(name: string, fields: Fields, seal: Seal): Session | undefined {
  const grant = parsed(opened(name, 'session', fields, seal), grantSchema);
  const source = sourceSchema.safeParse(fields['source']);
  if (!grant || !source.success) return undefined;
  const generation = Number(fields['generation'] ?? 0);
  const origin = readOrigin(fields['generation'], fields['origin']);
  return {
    generation,
    ...(origin !== generation && { origin }),
    grant: defined(grant),
    source: source.data,
    identity: fields['identity'] ?? '',
    renewAt: Number(fields['renewAt'] ?? 0),
    renewalSpent: fields['renewalSpent'] === '1',
    unrenewed: Number(fields['unrenewed'] ?? 0),
    ...(fields['withdrawn'] === '1' && { withdrawn: true }),
  };
}

/**
 * The attempt under way. One that cannot be read (a newer version's, in a rolling deploy) is under way all the same:
 * taken for none, what it sent would go out again.
 */
function readAttempt(text: string | undefined): Attempt | undefined {
  if (text === undefined) return undefined;
  return parsed(text, attemptSchema) ?? { kind: 'renewal', startedAt: 0, by: '', fingerprint: '' };
}

function defined(grant: z.output<typeof grantSchema>): Grant {
  const { lifeMs, renewal, scope, owner, ownerIsExclusive, accountId, meta, companions, ...rest } = grant;
  return {
    ...rest,
    ...(lifeMs !== undefined && { lifeMs }),
    ...(renewal && { renewal }),
    ...(scope !== undefined && { scope }),
    ...(owner !== undefined && { owner }),
    ...(ownerIsExclusive !== undefined && { ownerIsExclusive }),
    ...(accountId !== undefined && { accountId }),
    ...(meta && { meta }),
    ...(companions && { companions }),
  };
}

function parsed<S extends z.ZodType>(text: string | undefined, schema: S): z.output<S> | undefined {
  if (text === undefined) return undefined;
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
