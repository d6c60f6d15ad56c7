import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caddy, CALLER, nginx, startFront, type Front } from '../support/front.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type ServiceBench } from '../support/service.ts';
import { hasOpenssl, makeCertificates } from '../support/tls.ts';

/** Getting a proxy takes a minute where it is not there yet. */
const GET_MS = 6 * 60_000;

const upstox = {
  broker: 'upstox',
  name: 'UP',
  clientId: 'made-up-app',
  clientSecret: 'made-up-app-secret',
  redirectUri: 'https://tokens.example/callback',
  userId: 'AB0001',
};

describe.each([nginx, caddy])('$file before the listener for the outside', (example) => {
  let server: TestRedis;
  let bench: ServiceBench;
  let front: Front | { readonly missing: string };
  beforeAll(async () => {
    if (!(await hasOpenssl())) {
      front = { missing: 'there is no openssl to make a certificate with' };
      return;
    }
    const [port, upstream] = [await freePort(), await freePort()];
    front = await startFront(example, await makeCertificates(['DNS:tokens.example']), { port, upstream });
    if ('missing' in front) return;
    server = await startRedis();
    bench = await startBench({
      redisUrl: server.url,
      entries: [upstox],
      env: {
        PUBLIC_HTTP_PORT: String(upstream),
        PUBLIC_URL: 'https://tokens.example',
        TRUST_PROXY: 'loopback',
      },
    });
    await bench.state('UP', 'awaiting_approval');
  }, GET_MS);
  afterAll(async () => {
    if ('missing' in front) return;
    await front.stop();
    await bench.stop();
    await server.stop();
  });

  const through = (skip: (why: string) => never): Front => ('missing' in front ? skip(front.missing) : front);

  it.for([
    '/dashboard',
    '/api/token/status',
    '/metrics',
    '/livez',
    '/sign-in',
    '/assets/base.css',
    '/',
    '/oauth/../dashboard',
    '/callbackx',
  ])('keeps what is not for the outside: %s', async (path, { skip }) => {
    expect((await through(skip).ask(path)).status).toBe(404);
  });

  it('lets brokers post, and refuses what is too large', async ({ skip }) => {
    const post = (body: string) =>
      through(skip).ask('/webhooks/upstox/made-up', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
      });
    const answer = await post('{"client_id":"made-up"}');
    // By a secret that is none: it came to the service, which says so in its own words.
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([404, { code: 'NOT_FOUND' }]);
    expect(bench.logged('webhook.unknown')).toHaveLength(1);
    expect((await post('x'.repeat(20_000))).status).toBe(413);
  });

  it('lets a browser come back, and says what happened', async ({ skip }) => {
    const answer = await through(skip).ask('/callback?code=made-up&state=made-up');
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(bench.logged('consent.arrived')).toHaveLength(1);
  });

  it('lets a person begin by a link, with a good ticket only', async ({ skip }) => {
    const proxy = through(skip);
    expect((await proxy.ask('/oauth/upstox/UP')).status).toBe(401);
    expect((await proxy.ask('/oauth/upstox/UP?ticket=made-up')).status).toBe(401);
  });

  it('lets a whole login through: from the link to the token', async ({ skip }) => {
    const proxy = through(skip);
    bench.simulator.command(
      'upstox',
      'register',
      `${upstox.clientId} ${upstox.userId} ${upstox.redirectUri}`,
    );
    const adminToken = (await readFile(join(bench.folder, 'data/admin-token'), 'utf8')).trim();
    const headers = { authorization: `Bearer ${adminToken}` };
    const begun = await proxy.ask('/oauth/upstox/UP', { headers });
    expect(begun.status).toBe(302);
    const dialog: Response = await fetch(`${String(begun.headers['location'])}&auto=1`, {
      redirect: 'manual',
    });
    const { origin, pathname, search } = new URL(dialog.headers.get('location') ?? '');
    expect(origin).toBe('https://tokens.example');
    expect((await proxy.ask(`${pathname}${search}`)).status).toBe(200);
    await bench.keys(['token:UP']);
  });

  it('says who called, whatever the caller says of itself', async ({ skip }) => {
    const proxy = through(skip);
    const headers = { authorization: 'Bearer made-up', 'x-forwarded-for': '192.0.2.66' };
    let status = 0;
    for (let i = 0; i < 40 && status !== 429; i += 1)
      ({ status } = await proxy.ask('/oauth/upstox/UP', { headers }));
    expect(status).toBe(429);
    expect(bench.logged('http.limit_reached')).toMatchObject([{ limit: 'bearer', from: CALLER }]);
  });
});
