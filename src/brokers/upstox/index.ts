import type { Broker } from '../../core/broker.ts';
import { fields, fromEnvironment, login } from './account.ts';
import { limits } from './limits.ts';
import { questions } from './questions.ts';

/** Upstox: a token a trading day, and a person for each, by browser or by approval. Facts: README.md. */
export const upstox: Broker = {
  name: 'upstox',
  title: 'Upstox',
  policy: {
    // No token can be had without a person, so a good one is used to its end, all at the same 03:30.
    dueAtShare: 1,
    jitterShare: 0,
    timeoutMs: 10_000,
    renewalIsSingleUse: false,
    // A token may die before its time (a logout, a changed static IP): two cheap calls an hour show it.
    proveEveryMs: 30 * 60_000,
    typicalLifeMs: 24 * 60 * 60_000,
  },
  limits,
  questions,
  // A browser may be logged in as somebody else: every new token is proved, and whose it is.
  verifyByDefault: true,
  baseUrls: { api: { variable: 'UPSTOX_API_URL', hosts: { live: 'https://api.upstox.com' } } },
  fields,
  notYet: () => [],
  login,
  fromEnvironment,
  dialect: async () => (await import('./simulator.ts')).upstoxDialect,
};
