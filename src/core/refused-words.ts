const REFUSED =
  'These credentials were refused earlier and are not sent again: perhaps an old password is back in the file. Change them there, which is taken up by itself, or allow one more try';
/**
 * Of stopped accounts whose reason is not kept: a password that is back was refused before, or Redis and STATE_DIR
 * lost it. For an alert, which may be of many accounts, and leads to the page.
 */
export const REFUSED_EARLIER = `${REFUSED} on the page, in the account's details.`;
/** The same of one account. */
export const refusedEarlier = (name: string): string =>
  `${REFUSED} with "token-refresher refresh ${name} --force".`;
