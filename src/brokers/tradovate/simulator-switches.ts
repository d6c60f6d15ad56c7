import { makeSwitches, type SwitchTable } from '../switches.ts';

/** Every open question of Tradovate's reference and every way to break the dialect, with what it takes; README.md says what each does. */
export const tradovateSwitches = {
  lifetimeSeconds: { values: [4800, 5400], also: 'number' },
  badCredentials: { values: ['200-errorText', '401'] },
  'bridge.expiration': { values: ['s', 'ms', 'string', 'absent'] },
  'bridge.errorStatus': { values: [200, 401, 403] },
  'bridge.errmsg': { values: ['as the API'], also: 'text' },
  'bridge.errorField': { values: ['errmsg', 'errorText'] },
  'bridge.countsAsSession': { values: ['on', 'off'] },
  'bridge.countsForLimits': { values: ['on', 'off'] },
  'bridge.penalties': { values: ['on', 'off'] },
  'bridge.renewable': { values: ['on', 'off'] },
  'bridge.accept': { values: ['form or json', 'form'] },
  'bridge.browserHeaders': { values: ['not needed', 'needed', 'accept-language', 'user-agent', 'sec-fetch'] },
  'bridge.unauthorized': { values: [401, 403, 404, 'page'] },
  oldTokenAfterRenew: { values: ['valid', 'dead'], also: 'number' },
  mdAccessToken: { values: ['login only', 'login+renew', 'never'] },
  renewPenalty: { values: ['wait only', 'query', 'header'] },
  mePenalty: { values: ['wait only', 'ticket'] },
  captchaOnLoginPenalty: { values: ['conditional', 'always'] },
  orphanAnswer: { values: [401, 408, 429, 500, '429-empty', '500-error-id'] },
  expirationFraction: { values: ['present', 'absent'] },
  cidAsString: { values: ['accepted', 'refused'] },
  deviceIdEnforced: { values: ['off', 'on'] },
  deviceApproval: { values: ['off', 'on'] },
  apiHosts: { values: ['off', 'on'] },
  apiKeyNeeded: { values: ['off', 'on'] },
  lockedStatus: { values: ['TemporaryLocked'], also: 'text' },
  limits: { values: ['documented', 'random'] },
  'limits.login': { values: ['documented'], also: 'number' },
  'limits.renew': { values: ['documented'], also: 'number' },
  'limits.me': { values: ['documented'], also: 'number' },
  'limits.anonymous': { values: ['documented'], also: 'number' },
  'limits.user': { values: ['documented'], also: 'number' },
  'limits.perMinute': { values: ['off'], also: 'number' },
  penaltySeconds: { values: ['documented'], also: 'number' },
  accountNames: { values: ['own'], also: 'names' },
  throttleWith: { values: ['ticket', 'captcha', '423', '429'] },
} as const satisfies SwitchTable;

/** Reads one of them. */
export const switched = makeSwitches(tradovateSwitches);
