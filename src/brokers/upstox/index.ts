import type { Broker } from '../../core/broker.ts';
import { fields, fromEnvironment, login, notYet } from './account.ts';

/** Upstox, by browser login: a token a trading day, and a person for each. Facts: README.md. */
export const upstox: Broker = {
  name: 'upstox',
  title: 'Upstox',
  // No token can be had without a person, so a good one is used to its end, all at the same 03:30.
  policy: { dueAtShare: 1, jitterShare: 0, timeoutMs: 10_000, renewalIsSingleUse: false },
  // A browser may be logged in as somebody else: every new token is proved, and whose it is.
  verifyByDefault: true,
  baseUrls: { api: { variable: 'UPSTOX_API_URL', hosts: { live: 'https://api.upstox.com' } } },
  fields,
  notYet,
  login,
  fromEnvironment,
  dialect: async () => (await import('./simulator.ts')).upstoxDialect,
};
