import { z } from 'zod';
import type { Grant } from '../core/broker.ts';
import type { Silence } from '../core/consequence.ts';
import { errorKinds } from '../core/errors.ts';
import type { Pause } from '../core/pause.ts';
import type { Asked, Session, Source, Trouble } from '../core/session.ts';

/**
 * What was said, and when by the mirror's own stamps (ms): these never go back, so that of two words
 * on one matter the later one counts, whatever the machine's clock did in between.
 */
export interface Said<T> {
  readonly value: T;
  readonly saidAt: number;
}

/** What was found out about credentials, by their fingerprint; the latest word counts. */
export interface Verdict {
  readonly fingerprint: string;
  /** False: they work, as far as is known. */
  readonly refused: boolean;
  readonly saidAt: number;
  /** What a broker said when it refused them, for people. */
  readonly trouble?: Trouble;
}

/** A wait that a broker asked of one account alone, in its own words. */
export interface Quiet {
  readonly retryAt: number;
  readonly trouble: Trouble;
}

/** What a broker handed out, until it is stored. */
export interface HeldAnswer {
  /** Of the attempt that it answers, ms. */
  readonly startedAt: number;
  /** The origin of the session that was out when it was asked for; not known of what was posted. Clocks differ, this does not. */
  readonly since?: number;
  /** The fence of the call that brought it: the order in which sessions were got. */
  readonly origin?: number;
  readonly grant: Grant;
  readonly source: Source;
  readonly identity: string;
}

/**
 * The same with the mirror's own stamp of when it was held, by which it is settled: `startedAt` is by a clock that
 * may have been ahead. Absent from files of earlier versions.
 */
export interface HeldFact extends HeldAnswer {
  readonly saidAt?: number;
}

/** What is settled: whatever lies at or below these marks counts no longer, in whichever file it stands. */
export interface Over {
  /** Sign-ins of unknown outcome, by their instants (ms). */
  readonly signIns: number;
  /** Sessions, by `originOf`. */
  readonly session: number;
  /** Held answers, by the stamp of when they were held. */
  readonly held: number;
  /** All that was said, by its stamp. */
  readonly said: number;
}

/** What the mirror holds of one account. Lists have one order, so that equal facts are equal text. */
export interface AccountFacts {
  readonly verdicts: readonly Verdict[];
  /** Instants, ms. */
  readonly unknownSignIns: readonly number[];
  /** Fingerprints of seed grants that were used. */
  readonly seedsSpent: readonly Said<string>[];
  readonly owner?: Said<string>;
  readonly asked?: Said<Asked>;
  readonly paused?: Pause;
  /** Absent from files of earlier versions, which drop it. */
  readonly quiet?: Said<Quiet>;
  readonly session?: Session;
  readonly held?: HeldFact;
  readonly over: Over;
}

/** The latest word on an API key: why the broker refused it, or that it works again. */
export type KeyWord = Trouble | 'works';

/** A failed sign-in of a network, as its ledger counts it. */
export interface FailedSignIn {
  /** Names the sign-in: the same one, told by two processes, counts once. */
  readonly member: string;
  readonly at: number;
  readonly as: 'refused' | 'unknown';
}

/** What the mirror holds of one network: a broker and an egress, or a broker and an API key. */
export interface NetworkFacts {
  /** Dated by Redis' clock. */
  readonly silence?: Silence;
  /** Absent from files of earlier versions, which drop it. */
  readonly apiKey?: Said<KeyWord>;
  readonly failedSignIns: readonly FailedSignIn[];
  /** Until here (ms) a success has answered what nobody answered. */
  readonly succeededAt: number;
}

/** All that a mirror holds. */
export interface Picture {
  /** The latest stamp that was given out. */
  readonly stampedAt: number;
  /** The highest generation that any account was given. */
  readonly generation: number;
  /** Higher ones, up to this, may have been given out since this was written. */
  readonly reserved: number;
  readonly accounts: ReadonlyMap<string, AccountFacts>;
  readonly networks: ReadonlyMap<string, NetworkFacts>;
}

/** When it was held, by the mirror's stamp. */
export const heldAt = (held: HeldFact): number => held.saidAt ?? held.startedAt;

export const emptyAccount: AccountFacts = {
  verdicts: [],
  unknownSignIns: [],
  seedsSpent: [],
  over: { signIns: 0, session: 0, held: 0, said: 0 },
};
export const emptyNetwork: NetworkFacts = { failedSignIns: [], succeededAt: 0 };
export const emptyPicture: Picture = {
  stampedAt: 0,
  generation: 0,
  reserved: 0,
  accounts: new Map(),
  networks: new Map(),
};

const said = <T extends z.ZodType>(value: T): z.ZodObject<{ value: T; saidAt: z.ZodNumber }> =>
  z.object({ value, saidAt: z.number() });
const words = z.record(z.string(), z.string());
const source = z.enum(['sign-in', 'renewal', 'consent', 'adopted']);
const grant: z.ZodType<Grant> = z.object({
  token: z.string(),
  headers: words,
  renewal: words.exactOptional(),
  issuedAt: z.number(),
  expiresAt: z.number(),
  lifeMs: z.number().exactOptional(),
  tokenType: z.string(),
  scope: z.string().exactOptional(),
  baseUrl: z.string(),
  owner: z.string().exactOptional(),
  ownerIsExclusive: z.boolean().exactOptional(),
  accountId: z.string().exactOptional(),
  meta: words.exactOptional(),
  companions: z
    .array(z.object({ suffix: z.string(), token: z.string(), expiresAt: z.number() }))
    .exactOptional(),
});
const session: z.ZodType<Session> = z.object({
  generation: z.number(),
  origin: z.number().exactOptional(),
  grant,
  source,
  identity: z.string(),
  renewAt: z.number(),
  renewalSpent: z.boolean(),
  unrenewed: z.number().exactOptional(),
  withdrawn: z.literal(true).exactOptional(),
});
const trouble: z.ZodType<Trouble> = z.object({
  code: z.string(),
  kind: z.enum(errorKinds),
  message: z.string(),
  at: z.number(),
});
const account: z.ZodType<AccountFacts> = z.object({
  verdicts: z.array(
    z.object({
      fingerprint: z.string(),
      refused: z.boolean(),
      saidAt: z.number(),
      trouble: trouble.exactOptional(),
    }),
  ),
  unknownSignIns: z.array(z.number()),
  seedsSpent: z.array(said(z.string())),
  owner: said(z.string()).exactOptional(),
  asked: said(
    z.object({ at: z.number(), until: z.number(), refused: z.string().exactOptional() }),
  ).exactOptional(),
  paused: z
    .object({ at: z.number(), until: z.number().exactOptional(), signOut: z.boolean().exactOptional() })
    .exactOptional(),
  quiet: said(z.object({ retryAt: z.number(), trouble })).exactOptional(),
  session: session.exactOptional(),
  held: z
    .object({
      startedAt: z.number(),
      saidAt: z.number().exactOptional(),
      since: z.number().exactOptional(),
      origin: z.number().exactOptional(),
      grant,
      source,
      identity: z.string(),
    })
    .exactOptional(),
  over: z.object({ signIns: z.number(), session: z.number(), held: z.number(), said: z.number() }),
});
const network: z.ZodType<NetworkFacts> = z.object({
  apiKey: said(z.union([trouble, z.literal('works')])).exactOptional(),
  silence: z
    .object({
      scope: z.enum(['key', 'egress', 'broker']),
      until: z.number(),
      code: z.string(),
      message: z.string().exactOptional(),
    })
    .exactOptional(),
  failedSignIns: z.array(
    z.object({ member: z.string(), at: z.number(), as: z.enum(['refused', 'unknown']) }),
  ),
  succeededAt: z.number(),
});
// Pairs, not an object: a name may be `__proto__`.
const picture = z.object({
  stampedAt: z.number(),
  generation: z.number(),
  reserved: z.number(),
  accounts: z.array(z.tuple([z.string(), account])),
  networks: z.array(z.tuple([z.string(), network])),
});

/** The picture as text. Holds secrets: only ever sealed. */
export function textOf({ accounts, networks, ...marks }: Picture): string {
  return JSON.stringify({ ...marks, accounts: [...accounts], networks: [...networks] });
}

/** Undefined where the text is no picture. */
export function pictureOf(text: string): Picture | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = picture.safeParse(json);
  if (!read.success) return undefined;
  const { accounts, networks, ...rest } = read.data;
  return { ...rest, accounts: new Map(accounts), networks: new Map(networks) };
}
