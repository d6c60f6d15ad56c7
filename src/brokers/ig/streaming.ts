import { z } from 'zod';
import type { BrokerIo, Call, Grant } from '../../core/broker.ts';
import type { Lack } from '../../core/lack.ts';
import { refusal } from './classify.ts';
import { inTime, isDead, isGood, read } from './reading.ts';
import { fetchSessionTokens, pairHeaders, readSession } from './requests.ts';
import { failureOf, lackOf, streamingFailures, type StreamingCall } from './streaming-failures.ts';
import { sessionAnswer, tokenHeaders } from './wire.ts';

/**
 * CST and X-SECURITY-TOKEN beside an OAuth pair, for Lightstreamer, which takes no access token: its
 * password is `CST-<cst>|XST-<xst>` (net-labs.ig.com, streaming API guide). They come from
 * `GET /session?fetchSessionTokens=true` (labs.ig.com, session.html). Whether they outlive the one-minute
 * access token they came with is not documented, so it is found out, at no risk: until it is known every
 * renewal fetches new ones, and the first ones are tried once their access token is dead.
 */

/** How long the calls beside a renewal may hold up the new access token, ms. */
const PATIENCE_MS = 2_000;
/** Carried tokens are looked after this often, ms: what ended them early would show nowhere else. */
const CHECK_EVERY_MS = 30 * 60_000;
/** How long after its access token's end a pair is tried, ms: too early would be answered with a wrong yes. */
const TRIAL_MARGIN_MS = 5_000;
/** Share of the header pair's life after which it is fetched anew. */
const RENEW_SHARE = 0.8;

const pair = z.object({
  cst: z.string(),
  xst: z.string(),
  /** The account the pair acts on. */
  accountId: z.string().optional(),
  endpoint: z.string().optional(),
  fetchedAt: z.number(),
  /** When the access token dies that the pair was fetched with, ms. */
  bearerUntil: z.number(),
  checkedAt: z.number(),
});
type StreamingPair = z.output<typeof pair>;

const kept = z.object({
  /** Do they outlive their access token? */
  outlives: z.enum(['unknown', 'yes', 'no']),
  served: pair.optional(),
  /** The pair that is kept to find out, no longer served. */
  onTrial: pair.optional(),
  failures: streamingFailures.optional(),
});
/** What is known of a login's streaming tokens; kept in `Grant.renewal`. */
type Kept = z.output<typeof kept>;

const UNKNOWN: Kept = { outlives: 'unknown' };

export interface Streaming {
  /** The grant with streaming tokens that live as long as it, where IG gives them; it is never lost over them. */
  withTokens(grant: Grant, before: Grant | undefined, call: Call): Promise<Grant>;
  /** What people hear of streaming tokens that do not come. */
  lackOf(grant: Grant): Lack | undefined;
  /** The headers of the grant's streaming session, where it has one. */
  headersOf(grant: Grant): Readonly<Record<string, string>> | undefined;
}

/** @param lifeMs how long a header pair lives, by the guide or the setting */
export function makeStreaming(io: BrokerIo, apiKey: string, lifeMs: number): Streaming {
  /** Until when a pair is believed to live, ms. */
  const endOf = ({ outlives }: Pick<Kept, 'outlives'>, pairInHand: StreamingPair): number =>
    outlives === 'yes' ? pairInHand.fetchedAt + lifeMs : pairInHand.bearerUntil;

  /** One call: are these tokens still honoured? */
  const isAlive = async (baseUrl: string, tokens: StreamingPair, call: Call): Promise<boolean> => {
    try {
      read('read', sessionAnswer, await io.http(readSession(baseUrl, pairHeaders(apiKey, tokens)), call));
      return true;
    } catch (error) {
      if (isDead(error)) return false;
      throw error;
    }
  };

  /** One call. */
  const fetched = async (grant: Grant, call: Call): Promise<StreamingPair> => {
    const answer = await io.http(fetchSessionTokens(grant.baseUrl, grant.headers), call);
    const { cst, 'x-security-token': xst } = tokenHeaders.parse(answer.headers);
    if (!isGood(answer) || cst === undefined || xst === undefined) throw refusal('read', answer);
    const endpoint = sessionAnswer.safeParse(answer.json).data?.lightstreamerEndpoint;
    const now = io.clock.now();
    return {
      cst,
      xst,
      fetchedAt: now,
      checkedAt: now,
      bearerUntil: grant.expiresAt,
      ...(grant.accountId === undefined ? {} : { accountId: grant.accountId }),
      ...(endpoint === undefined ? {} : { endpoint }),
    };
  };

  /** What comes of a call: what it says, or what was known before and why it failed. */
  const asked = async <T>(
    known: Kept,
    what: StreamingCall,
    call: Call,
    work: (call: Call) => Promise<T>,
    said: (value: T) => Kept,
  ): Promise<Kept> => {
    try {
      return said(await inTime(io.clock, call, PATIENCE_MS, work));
    } catch (error) {
      const failed = failureOf(error, known.failures?.[what], io.clock.now());
      return { ...known, failures: { ...known.failures, [what]: failed } };
    }
  };
  const mayAsk = ({ failures }: Kept, what: StreamingCall): boolean =>
    io.clock.now() >= (failures?.[what]?.notBefore ?? 0);

  /** Settles the open question, or whether a carried pair is still good: at most one call. */
  const lookedAfter = async (before: Kept, baseUrl: string, call: Call): Promise<Kept> => {
    const now = io.clock.now();
    const { outlives, served, onTrial } = before;
    if (!mayAsk(before, 'look')) return before;
    const fetch = before.failures?.fetch;
    const still = fetch ? { failures: { fetch } } : {};
    if (outlives === 'unknown' && onTrial && now >= onTrial.bearerUntil + TRIAL_MARGIN_MS) {
      return asked(
        before,
        'look',
        call,
        (patient) => isAlive(baseUrl, onTrial, patient),
        (lives) => ({ ...still, outlives: lives ? 'yes' : 'no', ...(served ? { served } : {}) }),
      );
    }
    if (outlives === 'yes' && served && now >= served.checkedAt + CHECK_EVERY_MS) {
      return asked(
        before,
        'look',
        call,
        (patient) => isAlive(baseUrl, served, patient),
        (lives) => ({ ...still, ...(lives ? { outlives, served: { ...served, checkedAt: now } } : UNKNOWN) }),
      );
    }
    return before;
  };

  /** What is served from now on: at most one call. */
  const renewed = async (known: Kept, grant: Grant, call: Call): Promise<Kept> => {
    const now = io.clock.now();
    const isOfAccount = known.served?.accountId === grant.accountId;
    const old = isOfAccount ? known.served : undefined;
    const { outlives, failures } = known;
    if (old && outlives === 'yes' && now < old.fetchedAt + RENEW_SHARE * lifeMs) {
      // None are wanted: that they did not come once is of no account any more.
      return { ...known, failures: { look: failures?.look } };
    }
    const onTrial = known.outlives === 'unknown' ? (known.onTrial ?? old) : undefined;
    // Nothing new: the old tokens stay while they are believed to live.
    const stays = old && now < endOf(known, old) ? old : undefined;
    const without: Kept = {
      outlives,
      ...(stays ? { served: stays } : {}),
      ...(onTrial ? { onTrial } : {}),
      ...(failures ? { failures } : {}),
    };
    if (!mayAsk(known, 'fetch')) return without;
    return asked(
      without,
      'fetch',
      call,
      (patient) => fetched(grant, patient),
      (served) => ({ outlives, served, ...(onTrial ? { onTrial } : {}) }),
    );
  };

  return {
    withTokens: async (grant, before, call) => {
      const known = await lookedAfter(keptIn(before), grant.baseUrl, call);
      const now = await renewed(known, grant, call);
      return {
        ...grant,
        renewal: { ...grant.renewal, streaming: JSON.stringify(now) },
        ...(now.served ? { meta: { streaming: published(now.served, endOf(now, now.served)) } } : {}),
      };
    },
    lackOf: (grant) => lackOf(keptIn(grant).failures),
    headersOf: (grant) => {
      const { served } = keptIn(grant);
      return served && pairHeaders(apiKey, served);
    },
  };
}

/** What bots read in `meta:<name>`, field `streaming`; old tokens may end (`until`, ms) before the access token does. */
function published({ cst, xst, accountId, endpoint }: StreamingPair, until: number): string {
  return JSON.stringify({
    CST: cst,
    'X-SECURITY-TOKEN': xst,
    lightstreamerEndpoint: endpoint,
    password: `CST-${cst}|XST-${xst}`,
    accountId,
    expiresAt: new Date(until).toISOString(),
  });
}

function keptIn(grant: Grant | undefined): Kept {
  try {
    return kept.parse(JSON.parse(grant?.renewal?.streaming ?? 'null'));
  } catch {
    return UNKNOWN;
  }
}
