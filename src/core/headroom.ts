/** So close to its end a token's failing renewal is no longer calm, ms; less where it lives for minutes only. */
const NEAR_END_MS = 5 * 60_000;
const NEAR_END_SHARE = 0.1;

/**
 * True where a failure leaves time: the next try comes before half of what is left of the live token has
 * passed, and its end is not near.
 */
export function isCalm(
  token: { readonly issuedAt: number; readonly expiresAt: number },
  nextAt: number | undefined,
  now: number,
): boolean {
  const left = token.expiresAt - now;
  const near = Math.min(NEAR_END_MS, (token.expiresAt - token.issuedAt) * NEAR_END_SHARE);
  return nextAt !== undefined && nextAt - now <= left / 2 && left > near;
}
