import { makeSwitches, type SwitchTable } from '../switches.ts';

/** Every open question of Upstox' reference and every way to break the dialect, with what it takes; README.md says what each does. */
export const upstoxSwitches = {
  authErrorStatus: { values: [401, 400, 403] },
  errorSpelling: { values: ['both', 'errorCode', 'error_code'] },
  cancel: { values: ['no code', 'error=access_denied', 'no redirect'], also: 'text' },
  codeTtl: { values: [60, 2, 120], also: 'number' },
  appUsers: { values: ['any', 'own only'] },
  tokenShape: { values: ['HS256', 'RS256', 'opaque'] },
  newTokenKillsOld: { values: ['off', 'on'] },
  extendedToken: { values: ['present', 'absent', 'null'] },
  oauthExtras: { values: ['off', 'on'] },
  notifierUrl: { values: ['none'], also: 'text' },
  webhookRetries: { values: [0, 3], also: 'number' },
  webhookDuplicates: { values: ['off', 'on'] },
  webhookTimeout: { values: [5], also: 'number' },
  webhookQueryKept: { values: ['on', 'off'] },
  forgedWebhooks: { values: ['off', 'wrong client', 'wrong user', 'bad times', 'dead token'] },
  v3RequestsPerDay: { values: ['none'], also: 'number' },
  authorizationExpiry: { values: ['text', 'number', 'absent'] },
  secondRequest: { values: ['same window', 'error'] },
  localhostRedirect: { values: ['allowed', 'UDAPI100068'] },
  loginSharesRateLimit: { values: ['on', 'off'] },
  cloudflare: { values: ['off', '1010', 'rate limit'] },
  serviceHours: { values: ['off', '05:30-24:00'] },
  refuseWith: { values: ['none'], also: 'text' },
} as const satisfies SwitchTable;

/** Reads one of them. */
export const switched = makeSwitches(upstoxSwitches);
