import { setTimeout } from 'node:timers/promises';
import igTradingApi from 'ig-trading-api';
import { z } from 'zod';

/**
 * Runs npm `ig-trading-api` as a process of its own: it repeats failed calls without end, and nothing but
 * the end of its process stops that. Takes one argument, JSON, and prints a line for each step.
 */
const wanted = z.object({
  url: z.string(),
  apiKey: z.string(),
  username: z.string(),
  password: z.string(),
  steps: z.array(
    z.enum([
      'create',
      'login',
      'from-token',
      'tokens',
      'session',
      'accounts',
      'refresh',
      'switch',
      'logout',
      'calls',
      'storm',
    ]),
  ),
  /** Tokens from outside, for a client that has not logged in. */
  auth: z.record(z.string(), z.string()).default({}),
});
const { url, steps, auth, ...login } = wanted.parse(JSON.parse(process.argv[2] ?? ''));

/** Counted from the first call: a busy machine takes longer to start than to call. */
const STORM_MS = 2_000;

const client = new igTradingApi.APIClient(`${url}/`, login.apiKey);
const { rest } = client;
Object.assign(rest.auth, auth);
rest.defaults.timeout = 5_000;

const work = (step: (typeof steps)[number]): Promise<unknown> => {
  switch (step) {
    case 'create':
      return rest.login.createSession(login.username, login.password);
    case 'login':
      return rest.login.login(login.username, login.password);
    case 'from-token': {
      const { securityToken = '', clientSessionToken = '', accountId = '' } = auth;
      for (const name of Object.keys(auth)) Reflect.deleteProperty(rest.auth, name);
      rest.login.createSessionFromToken(securityToken, clientSessionToken, accountId, '');
      return Promise.resolve('done');
    }
    case 'calls':
      return Promise.resolve(Object.getOwnPropertyNames(Object.getPrototypeOf(rest.login)));
    case 'tokens':
      return rest.login.getSessionToken();
    case 'session':
      return rest.login.getSession();
    case 'accounts':
      return rest.account.getAccounts();
    case 'refresh':
      return rest.login.refreshToken();
    case 'switch':
      return rest.login.switchAccount('ZZ9X8');
    case 'logout':
      return rest.login.logout().then(() => 'done');
    case 'storm':
      // Five calls at once with an access token that has died. It may never end, so it is broken off.
      return Promise.race([
        Promise.all(Array.from({ length: 5 }, () => rest.login.getSession())),
        setTimeout(STORM_MS, 'broken off'),
      ]);
  }
};

for (const step of steps) {
  const result = await work(step).catch((error: unknown) => ({ failed: String(error) }));
  process.stdout.write(`${JSON.stringify({ step, result, auth: rest.auth })}\n`);
}
// Its streaming part keeps the process alive.
process.stdout.write('', () => process.exit());
