import { z } from 'zod';
import type { HttpAnswer } from '../../core/broker.ts';

const optionalText = z.string().min(1).optional().catch(undefined);
const parts = {
  errmsg: optionalText,
  errorText: optionalText,
  userStatus: optionalText,
  access_token: optionalText,
  accessToken: optionalText,
  mdAccessToken: optionalText,
  expiration: z.unknown().optional(),
  expirationTime: z.unknown().optional(),
  // A number in every document and sample; the JWT's `sub` is the same as a string.
  userId: z
    .union([z.int(), z.string().min(1).max(200)])
    .transform(String)
    .optional()
    .catch(undefined),
  name: optionalText,
  'p-ticket': optionalText,
  'p-time': z.coerce.number().positive().optional().catch(undefined),
  'p-captcha': z.unknown().optional(),
  'p-message': optionalText,
};
const envelope = z.object({ ...parts, s: optionalText, d: z.object(parts).optional().catch(undefined) });

/**
 * What an answer says, wherever in it (beside `d` or in it): all of it untrusted and optional. Other
 * fields (`passwordExpirationTime`, which says nothing about the token, `hibpHint`, `apiHosts` …) are not read.
 */
export interface Said {
  readonly ok: boolean;
  readonly error: boolean;
  /** `errmsg` of the bridge or `errorText` of the native calls. */
  readonly text: string | undefined;
  readonly userStatus: string | undefined;
  /** The bridge's token. */
  readonly bridgeToken: string | undefined;
  /** The token of a native login or renewal. */
  readonly nativeToken: string | undefined;
  /** A second token for market data: in samples and clients, in no schema. */
  readonly mdToken: string | undefined;
  /** `expiration` or `expirationTime`, as it stands. */
  readonly expiration: unknown;
  readonly userId: string | undefined;
  readonly name: string | undefined;
  readonly penalty: Penalty | undefined;
}

/** Tradovate's answer to too many calls (partner.tradovate.com, penalty-tickets). */
export interface Penalty {
  readonly ticket: string | undefined;
  readonly waitMs: number;
  readonly captcha: boolean;
  /** Known from code only (`p-message`). */
  readonly text: string | undefined;
}

/** The words for none. Whatever else stands there is taken for one: a call too many begins an hour anew. */
const noCaptcha: readonly unknown[] = [undefined, null, false, 'false', 0];
/** Wait of the documented login limit, where a penalty names none (partner.tradovate.com, rate-limits). */
const PENALTY_DEFAULT_MS = 15_000;
const PENALTY_MAX_MS = 60 * 60_000;

/** Reads an answer's body; undefined where it is no JSON object. */
export function readSaid(answer: HttpAnswer): Said | undefined {
  const read = envelope.safeParse(answer.json);
  if (!read.success) return undefined;
  const { d, s, ...top } = read.data;
  return {
    ok: s === 'ok',
    error: s === 'error',
    text: top.errorText ?? top.errmsg ?? d?.errorText ?? d?.errmsg,
    userStatus: top.userStatus ?? d?.userStatus,
    bridgeToken: d?.access_token,
    nativeToken: top.accessToken,
    mdToken: top.mdAccessToken,
    expiration: d?.expiration ?? top.expirationTime,
    userId: top.userId ?? d?.userId,
    name: top.name ?? d?.name,
    penalty: penaltyOf(top) ?? (d && penaltyOf(d)),
  };
}

function penaltyOf(said: z.output<typeof envelope.shape.d> & object): Penalty | undefined {
  const { 'p-ticket': ticket, 'p-time': seconds, 'p-captcha': wanted, 'p-message': text } = said;
  const captcha = !noCaptcha.includes(wanted);
  if (ticket === undefined && seconds === undefined && !captcha) return undefined;
  // `p-time` is seconds; some clients take it for minutes.
  const waitMs = seconds === undefined ? PENALTY_DEFAULT_MS : Math.ceil(seconds * 1_000);
  return { ticket, captcha, waitMs: Math.min(Math.max(waitMs, 1_000), PENALTY_MAX_MS), text };
}

/** What a consumer's name may look like; another one is no key and is left out. */
const consumerName = /^[A-Za-z0-9._@-]{1,64}$/;
const listed = z.array(z.looseObject({ name: z.unknown() }));
const bridgeList = z.object({ s: z.literal('ok'), d: listed });

/**
 * The names in an account list, the bridge's (`{"s":"ok","d":[…]}`) or the native one (an array), in its order, each once;
 * undefined where the answer is none.
 */
export function readNames(answer: HttpAnswer): readonly string[] | undefined {
  const bridge = bridgeList.safeParse(answer.json);
  const native = listed.safeParse(answer.json);
  const accounts = bridge.success ? bridge.data.d : native.data;
  const names = accounts?.map(({ name }) => name).filter((name) => typeof name === 'string');
  return names && [...new Set(names.filter((name) => consumerName.test(name)))];
}
