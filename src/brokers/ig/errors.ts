/** Every code that this adapter can put into a `BrokerError`, beside those of brokers/http.ts. */
export const igErrorCodes = [
  'bad_credentials',
  'locked_out',
  'account_suspended',
  'account_unavailable',
  'client_refused',
  'platform_action_needed',
  'encryption_required',
  'password_too_long',
  'session_kind_refused',
  'rerouted',
  'account_refused',
  'key_refused',
  'key_quota_exceeded',
  'account_quota_exceeded',
  'edge_throttled',
  'access_token_dead',
  'refresh_token_dead',
  'request_malformed',
  'server_fault',
  'sign_in_unconfirmed',
  'switch_unconfirmed',
  'account_unnamed',
  'unreadable_answer',
  'unknown_refusal',
] as const;

export type IgErrorCode = (typeof igErrorCodes)[number];
