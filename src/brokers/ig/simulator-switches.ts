import { makeSwitches, type SwitchTable } from '../switches.ts';

/** Every open question of IG's reference and every way to break the dialect, with what it takes; README.md says what each does. */
export const igSwitches = {
  oldRefreshToken: { values: ['dead', 'valid'], also: 'number' },
  oldAccessToken: { values: ['valid', 'dead'] },
  deadRefreshAnswer: { values: ['oauth-token-invalid', 'invalid-details', '400', '403'] },
  refreshTtl: { values: [600], also: 'number' },
  refreshTtlFrom: { values: ['issue', 'access-expiry'] },
  accessTtl: { values: [60], also: 'number' },
  expiresInType: { values: ['string', 'number'] },
  sessionMax: { values: ['none'], also: 'number' },
  secondLogin: { values: ['keeps', 'kills-first'] },
  v2Lifetime: { values: ['6h-72h', '12h-rolling'], also: 'number' },
  clientIds: { values: ['own', 'shared'] },
  loginNamesAccount: { values: ['yes', 'no'] },
  lockoutTries: { values: [3], also: 'number' },
  lockoutLength: { values: [900], also: 'number' },
  lockoutScope: { values: ['login', 'key', 'ip'] },
  lockoutProlonged: { values: ['no', 'yes'] },
  keyQuota: { values: ['published'], also: 'number' },
  accountQuota: { values: ['published'], also: 'number' },
  demoQuota: { values: [0, 'random'], also: 'number' },
  authCountsAgainst: { values: ['key', 'account', 'both', 'none'] },
  deleteKills: { values: ['access', 'pair', 'all'] },
  fetchedTokensOutliveAccess: { values: ['yes', 'no'] },
  putWithBearer: { values: ['refused', 'works'] },
  switchBringsToken: { values: ['yes', 'no'] },
  sameAccountStatus: { values: [412, 400] },
  bothAuthStyles: { values: ['bearer', 'refused'] },
  timeStampType: { values: ['number', 'string'] },
  passwordCharset: { values: ['utf-8', 'latin-1', 'both'] },
  environment: { values: ['demo', 'live'] },
  encryptionRequired: { values: ['no', 'yes'] },
  defaultAccountKind: { values: ['cfd', 'isa'] },
  rerouting: { values: ['none', 'DEMO', 'LIVE', 'TEST', 'UAT'] },
  authenticationStatus: {
    values: [
      'none',
      'AUTHENTICATED',
      'AUTHENTICATED_MISSING_CREDENTIALS',
      'CHANGE_ENVIRONMENT',
      'DISABLED_PREFERRED_ACCOUNT',
      'MISSING_PREFERRED_ACCOUNT',
      'REJECTED_INVALID_CLIENT_VERSION',
    ],
  },
  maintenanceAnswer: { values: ['page', 'errors'] },
} as const satisfies SwitchTable;

/** Reads one of them. */
export const switched = makeSwitches(igSwitches);
