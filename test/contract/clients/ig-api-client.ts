import { z } from 'zod';

/**
 * Runs npm `ig-api` as a process of its own: its pidcrypt changes globals. Takes one argument, JSON, and
 * prints what came of each step; its tokens are part of that: the output is for the test alone.
 */
const wanted = z.object({
  url: z.string(),
  apiKey: z.string(),
  username: z.string(),
  password: z.string(),
  steps: z.array(z.enum(['login', 'login-encrypted', 'session', 'accounts', 'logout'])),
  /** Tokens from outside, for a client that has not logged in. */
  tokens: z.record(z.string(), z.string()).default({}),
});
const { url, apiKey, username, password, steps, tokens } = wanted.parse(JSON.parse(process.argv[2] ?? ''));

// pidcrypt asks which browser it runs in, and fails in one without a name.
Object.defineProperty(globalThis, 'navigator', { value: { appName: '' }, configurable: true });
const { default: IG } = await import('ig-api');

const ig = new IG(apiKey, true);
Object.assign(ig.api.defaults, { baseURL: `${url}/`, timeout: 5_000 });
Object.assign(ig.api.defaults.headers, tokens);

const results: unknown[] = [];
for (const step of steps) {
  const work =
    step === 'session'
      ? ig.get('session')
      : step === 'accounts'
        ? ig.get('accounts')
        : step === 'logout'
          ? ig.logout()
          : ig.login(username, password, step === 'login-encrypted');
  const result: unknown = await work.catch((error: unknown) => ({
    failed: Reflect.get(Object(error), 'errorCode') ?? String(error),
  }));
  results.push(result ?? null);
}
const { headers } = ig.api.defaults;
process.stdout.write(
  `\n${JSON.stringify({ results, cst: headers.CST, xst: headers['X-SECURITY-TOKEN'] })}\n`,
);
