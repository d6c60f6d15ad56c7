/** Every code that this adapter can put into a `BrokerError`, beside those of brokers/http.ts. */
export const tradovateErrorCodes = [
  'bad_credentials',
  'locked_out',
  'account_unavailable',
  'login_refused',
  'device_unapproved',
  'time_penalty',
  'captcha',
  'lockout_near',
  'rate_limited',
  'edge_blocked',
  'request_malformed',
  'server_fault',
  'sign_in_unconfirmed',
  'session_dead',
  'renewal_refused',
  'orphan_suspected',
  'access_denied',
  'token_expired',
  'unreadable_answer',
] as const;

export type TradovateErrorCode = (typeof tradovateErrorCodes)[number];
