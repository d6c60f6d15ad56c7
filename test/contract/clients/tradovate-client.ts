import { URLs } from 'tradovate/dist/types/index.js';
import { z } from 'zod';

/**
 * Runs npm `tradovate` as a process: its store is one for all, so that a process is an account. Takes
 * one argument, JSON, and prints last what came of each step. The client itself prints tokens: the
 * output is for the test alone.
 */
const wanted = z.object({
  url: z.string(),
  steps: z.array(z.enum(['connect', 'renew', 'list', 'me'])),
  body: z.object({
    name: z.string(),
    password: z.string(),
    appId: z.string(),
    appVersion: z.string(),
    deviceId: z.string(),
    cid: z.string(),
    sec: z.string(),
  }),
  /** A token from outside, put into its store. */
  stored: z.object({ accessToken: z.string(), expirationTime: z.string() }).optional(),
});

const { url, steps, body, stored } = wanted.parse(JSON.parse(process.argv[2] ?? ''));

// Its service takes these values over when it is first loaded: they are changed before.
Object.assign(URLs, { DEMO_URL: url, LIVE_URL: url });
const { TradovateService, Storage } = (await import('tradovate')).default;

const service = new TradovateService();
const store = Storage.getInstance();
if (stored) store.setAccessToken(stored.accessToken, '', stored.expirationTime);

const work: Readonly<Record<(typeof steps)[number], () => Promise<unknown>>> = {
  connect: () => service.connect(body),
  renew: () => service.renewAccessToken(),
  list: () => service.get('account/list'),
  // Its types know this one of its sockets only; the call is the same.
  me: async () => {
    const me: unknown = await Reflect.apply(service.get, service, ['auth/me']);
    return me;
  },
};

const results: unknown[] = [];
for (const step of steps) {
  const result: unknown = await work[step]().catch((error: unknown) => ({ failed: String(error) }));
  results.push({ result, stored: store.getAccessToken().accessToken });
}
process.stdout.write(`\n${JSON.stringify(results)}\n`);
