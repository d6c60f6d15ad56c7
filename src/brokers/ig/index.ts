import type { Broker, Login, RawEntry } from '../../core/broker.ts';
import { fields, kindOf, readAccount, warningsOf, type IgAccount } from './account.ts';
import { connect } from './connection.ts';
import { fromEnvironment, fromOlderShape } from './entries.ts';
import { limits } from './limits.ts';
import { accountIdsOf } from './listed.ts';
import { questions } from './questions.ts';

/**
 * IG (labs.ig.com): OAuth sessions with one-minute access tokens and rotating refresh tokens (v3), or
 * pairs of CST and X-SECURITY-TOKEN that live for hours (v2).
 */
export const ig: Broker = {
  name: 'ig',
  title: 'IG',
  // Due at 33 s to 36 s of 60: two more tries of 6 s fit before the token dies, and never a margin near
  // the whole life, which would refresh without end.
  policy: {
    dueAtShare: 0.6,
    jitterShare: 0.05,
    timeoutMs: 6_000,
    renewalIsSingleUse: true,
    // An access token that is called dead: the refresh token first, then one login.
    renewalOutlivesToken: true,
    typicalLifeMs: 60_000,
  },
  limits,
  questions,
  baseUrls: {
    api: {
      variable: 'IG_API_URL',
      hosts: {
        live: 'https://api.ig.com/gateway/deal',
        demo: 'https://demo-api.ig.com/gateway/deal',
      },
    },
  },
  fields,
  notYet: () => [],
  login: (entry: RawEntry) => {
    const read = readAccount(entry);
    return 'faults' in read ? read : { login: loginOf(read.account) };
  },
  fromEnvironment,
  fromOlderShape,
  dialect: async () => (await import('./simulator.ts')).igDialect,
};

function loginOf(account: IgAccount): Login {
  const { username, environment, session, password, apiKey, encryptPassword, passwordCharset } = account;
  return {
    username,
    environment,
    // Its demo and its live host have little in common but the name.
    part: environment,
    identity: `ig/${environment}/${username}`,
    kind: kindOf(account),
    // All that a person may have to change after a refusal: a key of the other environment and a site
    // that wants another kind of session are refusals too; so is an account that a v2 login cannot
    // switch to.
    credentials: [
      username,
      password,
      apiKey,
      environment,
      session,
      String(encryptPassword),
      ...(session === 'v2' ? [account.accountId ?? ''] : []),
      ...(passwordCharset === 'latin-1' ? [passwordCharset] : []),
    ],
    // A live key that is refused on demo is none of the live accounts' business.
    key: `${environment} ${apiKey}`,
    accountIds: accountIdsOf(account),
    warnings: warningsOf(account),
    connect: (io) => connect(account, io),
  };
}
