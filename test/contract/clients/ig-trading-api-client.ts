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
  steps: z.array(z.enum(['create', 'session', 'accounts', 'refresh', 'switch', 'logout', 'storm'])),
  /** Tokens from outside, for a client that has not logged in. */
  auth: z.record(z.string(), z.string()).default({}),
});
const { url, steps, auth, ...login } = wanted.parse(JSON.parse(process.argv[2] ?? ''));

const client = new igTradingApi.APIClient(`${url}/`, login.apiKey);
const { rest } = client;
Object.assign(rest.auth, auth);
rest.defaults.timeout = 5_000;

const work = (step: (typeof steps)[number]): Promise<unknown> => {
  switch (step) {
    case 'create':
      return rest.login.createSession(login.username, login.password);
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
      // Five calls at once with an access token that has died.
      return Promise.all(Array.from({ length: 5 }, () => rest.login.getSession()));
  }
};

for (const step of steps) {
  const result = await work(step).catch((error: unknown) => ({ failed: String(error) }));
  process.stdout.write(`${JSON.stringify({ step, result, auth: rest.auth })}\n`);
}
// Its streaming part keeps the process alive.
process.stdout.write('', () => process.exit());
