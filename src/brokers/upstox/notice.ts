import { z } from 'zod';
import { readJwt } from '../jwt.ts';
import { nextRollover } from './calendar.ts';
import { isLongLived, namesAnother, sameUser } from './token.ts';
import { headerSafe, instantMs } from './wire.ts';

/** Why a notice is not believed; said to operators and counted, so it holds no value. */
export type NoticeRefusal =
  | 'not_a_token_notice'
  | 'wrong_client'
  | 'wrong_user'
  | 'wrong_token_type'
  | 'bad_token'
  | 'wrong_kind_of_token'
  | 'bad_times'
  | 'expired';

/** What a believable notice says; its token is still to be proved. */
export interface Notice {
  readonly token: string;
  readonly userId: string;
  readonly issuedAt: number;
  /** Never past the next 03:30 IST, nor past the token's own end. */
  readonly expiresAt: number;
}

/** How far the clocks of Upstox and this machine may be apart, ms. */
const SKEW_MS = 60_000;

const envelope = z.object({
  message_type: z.literal('access_token'),
  client_id: z.string(),
  user_id: z.string().regex(/^[A-Za-z0-9]{1,20}$/),
});
const bearer = z.object({ token_type: z.string().regex(/^bearer$/i) });
const tokenPart = z.object({ access_token: headerSafe });
const times = z.object({ issued_at: instantMs, expires_at: instantMs });

/**
 * Screens what somebody posted to the notifier webhook, which carries no signature and is open to
 * anyone: only what fits this app, this user and this hour is worth a call that proves it. Source:
 * Upstox docs, appendix/notifier-webhook-endpoint (the fields; times are milliseconds as strings); the
 * rules are inferred. Not even a proof by profile shows which app a token was made for.
 *
 * @param userId whose tokens are taken; undefined: anybody's, for the caller to compare
 */
export function readNotice(
  notice: unknown,
  clientId: string,
  userId: string | undefined,
  now: number,
): Notice | { readonly refused: NoticeRefusal } {
  const head = envelope.safeParse(notice).data;
  if (!head) return { refused: 'not_a_token_notice' };
  if (head.client_id !== clientId) return { refused: 'wrong_client' };
  if (userId !== undefined && !sameUser(head.user_id, userId)) return { refused: 'wrong_user' };
  if (!bearer.safeParse(notice).success) return { refused: 'wrong_token_type' };
  const token = tokenPart.safeParse(notice).data?.access_token;
  if (token === undefined) return { refused: 'bad_token' };
  if (namesAnother(token, head.user_id)) return { refused: 'wrong_user' };
  const claims = readJwt(token) ?? {};
  if (isLongLived(claims, now)) return { refused: 'wrong_kind_of_token' };

  const { issued_at: issuedAt, expires_at: statedEnd } = times.safeParse(notice).data ?? {};
  if (issuedAt === undefined || statedEnd === undefined) return { refused: 'bad_times' };
  const rollover = nextRollover(issuedAt);
  const isOrdered = issuedAt <= now + SKEW_MS && issuedAt < statedEnd && statedEnd <= rollover + SKEW_MS;
  if (!isOrdered) return { refused: 'bad_times' };
  const expiresAt = Math.min(statedEnd, rollover, claims.exp ?? Infinity);
  // One that dies before it could be used: most often a notice that was delivered again.
  if (expiresAt <= now + SKEW_MS) return { refused: 'expired' };
  return { token, userId: head.user_id, issuedAt: Math.min(issuedAt, now), expiresAt };
}
