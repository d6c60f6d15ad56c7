import type { Broker, Login } from '../../core/broker.ts';
import { fields, notYet, readAccount, type TradovateAccount } from './account.ts';
import { connect } from './connection.ts';

/** Tradovate by the bridge login: one bearer token of some 80 minutes for a login and its sub-accounts. */
export const tradovate: Broker = {
  name: 'tradovate',
  title: 'Tradovate',
  policy: { dueAtShare: 0.8, jitterShare: 0.08, timeoutMs: 10_000, renewalIsSingleUse: false },
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
  notYet,
  login: (entry) => {
    const read = readAccount(entry);
    return 'faults' in read ? read : { login: loginOf(read.account) };
  },
  dialect: async () => (await import('./simulator.ts')).tradovateDialect,
};

function loginOf(account: TradovateAccount): Login {
  const { username, environment, password, login } = account;
  return {
    username,
    environment,
    identity: `tradovate/${environment}/${username}`,
    credentials: [username, password, environment, login],
    connect: (io) => connect(account, io),
  };
}
