import { z } from 'zod';
import type { Grant } from '../core/broker.ts';
import { emptyRecord, type AccountRecord, type Session } from '../core/session.ts';
import type { Seal } from './seal.ts';

const words = z.record(z.string(), z.string());
const grantSchema = z.object({
  token: z.string(),
  headers: words,
  renewal: words.optional(),
  issuedAt: z.number(),
  expiresAt: z.number(),
  tokenType: z.string(),
  scope: z.string().optional(),
  baseUrl: z.string(),
  owner: z.string().optional(),
  ownerIsExclusive: z.boolean().optional(),
  accountId: z.string().optional(),
});
const attemptSchema = z.object({
  kind: z.enum(['sign-in', 'renewal', 'consent']),
  startedAt: z.number(),
  by: z.string(),
  fingerprint: z.string(),
});
const troubleSchema = z.object({
  code: z.string(),
  kind: z.enum(['transient', 'throttled', 'refused', 'needs-human', 'outcome-unknown']),
  message: z.string(),
  at: z.number(),
});
const requestSchema = z.object({ at: z.number(), rearm: z.boolean() });
const sourceSchema = z.enum(['sign-in', 'renewal', 'consent', 'adopted']);

/** The record as it lies in its hash. */
export type Fields = Readonly<Record<string, string>>;

/** The record, and whether its sealed part could not be opened (then it counts as having no session). */
export interface ReadRecord {
  readonly record: AccountRecord;
  readonly unreadable: boolean;
}

export function readRecord(name: string, fields: Fields, seal: Seal): ReadRecord {
  const session = readSession(name, fields, seal);
  return {
    unreadable: session === undefined && fields['session'] !== undefined,
    record: {
      fence: Number(fields['fence'] ?? 0),
      session,
      attempt: parsed(fields['attempt'], attemptSchema),
      failures: Number(fields['failures'] ?? 0),
      trouble: parsed(fields['trouble'], troubleSchema),
      retryAt: Number(fields['retryAt'] ?? 0),
      unknownSignIns: parsed(fields['unknownSignIns'], z.array(z.number())) ?? emptyRecord.unknownSignIns,
      refused: parsed(fields['refused'], z.array(z.string())) ?? emptyRecord.refused,
      seedSpent: fields['seedSpent'],
      request: parsed(fields['request'], requestSchema),
      claimedBy: fields['claimedBy'],
      expiredSaid: Number(fields['expiredSaid'] ?? 0),
    },
  };
}

/** The fields a session adds to the hash. The token and what renews it are sealed, bound to the account. */
export function sessionFields(name: string, session: Session, seal: Seal): Fields {
  return {
    session: seal.seal(JSON.stringify(session.grant), `session ${name}`),
    identity: session.identity,
    source: session.source,
    issuedAt: String(session.grant.issuedAt),
    expiresAt: String(session.grant.expiresAt),
    renewAt: String(session.renewAt),
    renewalSpent: session.renewalSpent ? '1' : '0',
  };
}

/** What a failure or a rest changes: `set` and `drop` together are the whole of it. */
export function outcomeFields(record: AccountRecord): { set: Fields; drop: readonly string[] } {
  const optional: Readonly<Record<string, string | undefined>> = {
    trouble: record.trouble && JSON.stringify(record.trouble),
    attempt: record.attempt && JSON.stringify(record.attempt),
    seedSpent: record.seedSpent,
    claimedBy: record.claimedBy,
    unknownSignIns: record.unknownSignIns.length > 0 ? JSON.stringify(record.unknownSignIns) : undefined,
    refused: record.refused.length > 0 ? JSON.stringify(record.refused) : undefined,
    failures: record.failures > 0 ? String(record.failures) : undefined,
    retryAt: record.retryAt > 0 ? String(record.retryAt) : undefined,
    expiredSaid: record.expiredSaid > 0 ? String(record.expiredSaid) : undefined,
    renewalSpent: record.session && (record.session.renewalSpent ? '1' : '0'),
  };
  const set: Record<string, string> = {};
  const drop: string[] = [];
  // A wish that is still open is carried on; an answered one is dropped by the script that saw it.
  if (record.request) set['request'] = JSON.stringify(record.request);
  for (const [field, value] of Object.entries(optional)) {
    if (value === undefined) drop.push(field);
    else set[field] = value;
  }
  return { set, drop };
}

function readSession(name: string, fields: Fields, seal: Seal): Session | undefined {
  const sealed = fields['session'];
  const opened = sealed === undefined ? undefined : seal.open(sealed, `session ${name}`);
  const grant = parsed(opened, grantSchema);
  const source = sourceSchema.safeParse(fields['source']);
  if (!grant || !source.success) return undefined;
  return {
    generation: Number(fields['generation'] ?? 0),
    grant: defined(grant),
    source: source.data,
    identity: fields['identity'] ?? '',
    renewAt: Number(fields['renewAt'] ?? 0),
    renewalSpent: fields['renewalSpent'] === '1',
  };
}

function defined(grant: z.output<typeof grantSchema>): Grant {
  const { renewal, scope, owner, ownerIsExclusive, accountId, ...rest } = grant;
  return {
    ...rest,
    ...(renewal && { renewal }),
    ...(scope !== undefined && { scope }),
    ...(owner !== undefined && { owner }),
    ...(ownerIsExclusive !== undefined && { ownerIsExclusive }),
    ...(accountId !== undefined && { accountId }),
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
