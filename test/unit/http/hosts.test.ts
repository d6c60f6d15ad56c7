import { describe, expect, it } from 'vitest';
import { knownHosts } from '../../../src/http/hosts.ts';
import { account, bearer, fakeDesk, serve } from './support.ts';

const desk = fakeDesk([account('one')]);

describe('a name that is ours', () => {
  const knows = knownHosts([new URL('https://tokens.example/desk')], 'box.office.example', [
    'bots.example',
    '.Cluster.example',
  ]);

  it.each([
    'localhost:8000',
    '127.0.0.1:8000',
    '192.0.2.7',
    '[::1]:8000',
    'token-refresher:8000',
    'desk.local',
    'refresher.desk.svc.cluster.local:8000',
    'host.docker.internal:8000',
    'tokens.example',
    'TOKENS.example.:443',
    'box.office.example:8000',
    'bots.example',
    'a.cluster.example',
  ])('is %s', (host) => {
    expect(knows(host)).toBe(true);
  });

  it.each([
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'tokens.example.evil.example',
    'nottokens.example',
    'evilcluster.example',
    'evil.svc.cluster.localx.example',
  ])('is not %s', (host) => {
    expect(knows(host)).toBe(false);
  });

  it.each([
    'evil.example@localhost',
    'local host',
    '[::1',
    '[evil.example]',
    'localhost:80:80',
    'localhost/',
  ])('is not written so: %s', (host) => {
    expect(knows(host)).toBe(false);
  });

  it('is not asked for by HTTP/1.0', () => {
    expect(knows(undefined)).toBe(true);
  });
});

describe('a website whose name leads here', () => {
  const host = 'rebound.evil.example:8000';

  it('gets nothing, signed in or not, also where it names another host beside', async () => {
    const { app, cookie } = await serve(desk);
    for (const url of [
      '/dashboard',
      '/sign-in',
      '/api/token/status',
      '/api/nothing',
      '/oauth/alpha/one',
      '/',
    ]) {
      for (const more of [{}, cookie(), bearer, { 'x-forwarded-host': 'localhost:8000' }]) {
        const answer = await app.inject({ url, headers: { host, accept: 'application/json', ...more } });
        expect(answer.statusCode).toBe(400);
        expect(answer.json()).toMatchObject({ status: 'error', code: 'UNKNOWN_HOST' });
      }
    }
  });

  it('starts nothing, and signs nobody in', async () => {
    const { app, cookie } = await serve(desk);
    const post = (url: string) =>
      app.inject({ method: 'POST', url, headers: { host, 'sec-fetch-site': 'same-origin', ...cookie() } });
    for (const url of ['/api/token/force-refresh', '/sign-in', '/accounts/one/refresh'])
      expect((await post(url)).statusCode).toBe(400);
  });

  it('does not keep probes, scrapes and brokers out, who come by any name', async () => {
    const { app } = await serve(desk);
    const statuses = await Promise.all([
      ...['/livez', '/readyz', '/metrics', '/callback'].map((url) => app.inject({ url, headers: { host } })),
      app.inject({ method: 'POST', url: '/webhooks/alpha/good', headers: { host } }),
    ]);
    expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 400, 200]);
    expect(statuses[3]?.body).not.toContain('UNKNOWN_HOST');
  });
});
