import type { Broker, Login } from '../../core/broker.ts';
import { fields, readAccount, type TradovateAccount } from './account.ts';
import { connect } from './connection.ts';
import { limits, signInPolicy } from './limits.ts';
import { questions } from './questions.ts';

/** Tradovate: one bearer token of some 80 minutes for a login and its sub-accounts. */
export const tradovate: Broker = {
  name: 'tradovate',
  title: 'Tradovate',
  policy: signInPolicy,
  limits,
  questions,
  ttlIsCapped: true,
  // Hosts: partner.ninjatrader.com/resources/reference/environments; the bridge's from clients.
  baseUrls: {
    bridge: {
      variable: 'TRADOVATE_BRIDGE_URL',
      hosts: { demo: 'https://tv-demo.tradovateapi.com', live: 'https://tv-live.tradovateapi.com' },
    },
    api: {
      variable: 'TRADOVATE_API_URL',
      hosts: { demo: 'https://demo.tradovateapi.com/v1', live: 'https://live.tradovateapi.com/v1' },
    },
  },
  fields,
  notYet: () => [],
  login: (entry) => {
    const read = readAccount(entry);
    return 'faults' in read ? read : { login: loginOf(read.account) };
  },
  dialect: async () => (await import('./simulator.ts')).tradovateDialect,
};

function loginOf(account: TradovateAccount): Login {
  const { username, environment, password, login, api } = account;
  const key = api ? [api.appId, api.appVersion, api.deviceId, String(api.cid), api.sec] : [];
  return {
    username,
    environment,
    kind: login,
    // The bridge and the API are hosts of their own, each with one for demo and one for live.
    part: `${environment}-${login}`,
    identity: `tradovate/${environment}/${username}`,
    credentials: [username, password, environment, login, ...key],
    connect: (io) => connect(account, io),
  };
}
