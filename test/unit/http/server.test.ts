import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import type { ConsentOutcome, Desk } from '../../../src/http/desk.ts';
import { startHttp, type HttpServer } from '../../../src/http/server.ts';
import { account, ADMIN_TOKEN, fakeDesk, fakeLog, fakeMetrics } from './support.ts';

const done: ConsentOutcome = { outcome: 'done', name: 'one', message: 'Done.' };
const desk = fakeDesk([account('one')], { finishConsent: async () => done });
const releases: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

async function start(port = 0, served: Desk = desk): Promise<HttpServer> {
  const server = await startHttp({
    desk: served,
    metrics: fakeMetrics,
    host: '127.0.0.1',
    port,
    publicUrl: 'http://localhost:8000',
    pageUrl: 'http://localhost:8000',
    adminToken: ADMIN_TOKEN,
    log: fakeLog(),
    clock: systemClock,
    version: '0.0.0-test',
  });
  releases.push(() => server.stop());
  return server;
}

/** Another program that holds a port. */
async function occupy(): Promise<{ readonly port: number; free(): Promise<void> }> {
  const server = await new Promise<Server>((resolve) => {
    const opened = createServer().listen(0, '127.0.0.1', () => {
      resolve(opened);
    });
  });
  const free = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  releases.push(free);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return { port: address.port, free };
}

async function freePort(): Promise<number> {
  const { port, free } = await occupy();
  await free();
  return port;
}

/** All that comes back for these bytes, until the server ends it. */
async function answerTo(bytes: string, port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.write(bytes);
  let answer = '';
  for await (const text of socket) answer += String(text);
  return answer;
}

const status = async (url: string): Promise<number | 'closed'> =>
  fetch(url, { headers: { connection: 'close' } }).then(
    (answer) => answer.status,
    () => 'closed',
  );

describe('startHttp', () => {
  it('serves on the port it got and says where', async () => {
    const server = await start();
    expect(server.url).toBe(`http://localhost:${String(server.port)}`);
    expect(await status(`http://127.0.0.1:${String(server.port)}/livez`)).toBe(200);
    expect(server.signInLink()).toMatch(/^http:\/\/localhost:8000\/sign-in#[\w-]{32}$/);
    await server.stop();
    expect(await status(`http://127.0.0.1:${String(server.port)}/livez`)).toBe('closed');
  });

  it('says which setting to change where the port is taken', async () => {
    const { port } = await occupy();
    const failure = await start(port).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure).toMatchObject({ faults: [{ at: 'HTTP_PORT' }] });
    expect(String(failure)).toContain(`port ${String(port)} on 127.0.0.1 is taken by another program`);
  });

  it.each([
    ['no HTTP', 'hello made-up-secret\r\n\r\n', 400],
    ['a method that is none', 'MADE-UP-SECRET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['no Host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    [
      'a URL that is none',
      'GET /made-up-secret/% HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      400,
    ],
    [
      'headers without end',
      `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
    ],
    [
      'an expectation that it cannot meet',
      'POST /api/token/force-refresh HTTP/1.1\r\nHost: localhost\r\nExpect: made-up-secret\r\nContent-Length: 2\r\n\r\n{}',
      417,
    ],
  ])('answers %s in the shape of all errors', async (_what, bytes, status) => {
    const server = await start();
    const answer = await answerTo(bytes, server.port);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head.toLowerCase()).toContain('x-content-type-options: nosniff');
    expect(body).toMatch(/\{"status":"error","code":"BAD_REQUEST","message":"[^"]+"\}/);
    expect(answer.toLowerCase()).not.toContain('made-up-secret');
  });

  it('answers an expectation that it cannot meet so on the ports of redirect URIs, too', async () => {
    const server = await start();
    const port = await freePort();
    await server.setCallbackListeners([`http://localhost:${String(port)}/back`]);
    const answer = await answerTo('GET /back HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n', port);
    expect(answer).toContain('HTTP/1.1 417 ');
    expect(answer).toContain('"code":"BAD_REQUEST"');
  });

  it('lets a request under way finish when it stops', async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slow = fakeDesk([], {
      finishConsent: async () => {
        enter();
        await gate;
        return done;
      },
    });
    const server = await start(0, slow);
    const answer = status(`http://127.0.0.1:${String(server.port)}/callback?code=c&state=s`);
    await entered;
    const stopped = server.stop();
    open();
    expect(await answer).toBe(200);
    await stopped;
  });
});

describe('setCallbackListeners', () => {
  it('answers a redirect URI on its own port and path, and nothing else there', async () => {
    const server = await start();
    const port = await freePort();
    const url = `http://localhost:${String(port)}/broker/back`;
    expect(await server.setCallbackListeners([url, url, 'https://app.example/callback'])).toEqual([
      { url, fault: undefined },
    ]);
    const there = `http://127.0.0.1:${String(port)}`;
    expect(await status(`${there}/broker/back?code=c&state=s`)).toBe(200);
    expect(await status(`${there}/callback?code=c&state=s`)).toBe(404);
    expect(await status(`${there}/dashboard`)).toBe(404);
    expect(await status(`${there}/broker/back/more`)).toBe(404);
    expect((await fetch(`${there}/broker/back`, { method: 'POST' })).status).toBe(404);
  });

  it('serves several paths on one port', async () => {
    const server = await start();
    const there = `http://127.0.0.1:${String(await freePort())}`;
    await server.setCallbackListeners([`${there}/one`, `${there}/two`]);
    expect([await status(`${there}/one`), await status(`${there}/two`)]).toEqual([200, 200]);
  });

  it('drops what is no longer wanted and takes up what is new', async () => {
    const server = await start();
    const first = `http://127.0.0.1:${String(await freePort())}/callback`;
    const second = `http://127.0.0.1:${String(await freePort())}/callback`;
    await server.setCallbackListeners([first]);
    await Promise.all([server.setCallbackListeners([first, second]), server.setCallbackListeners([second])]);
    expect([await status(first), await status(second)]).toEqual(['closed', 200]);
    await server.stop();
    expect(await status(second)).toBe('closed');
  });

  it('says in words that a port is taken, serves the others, and tries again', async () => {
    const server = await start();
    const other = await occupy();
    const taken = `http://127.0.0.1:${String(other.port)}/callback`;
    const good = `http://127.0.0.1:${String(await freePort())}/callback`;
    const [refused, heard] = await server.setCallbackListeners([taken, good]);
    expect(refused?.fault).toContain(`port ${String(other.port)} on 127.0.0.1 is taken by another program`);
    expect(refused?.fault).toContain(taken);
    expect(heard).toEqual({ url: good, fault: undefined });
    expect(await status(good)).toBe(200);

    await other.free();
    expect(await server.setCallbackListeners([taken])).toEqual([{ url: taken, fault: undefined }]);
    expect(await status(taken)).toBe(200);
  });

  it('answers a path on the main port itself', async () => {
    const server = await start();
    const url = `http://localhost:${String(server.port)}/broker/back`;
    expect(await server.setCallbackListeners([url])).toEqual([{ url, fault: undefined }]);
    const path = `http://127.0.0.1:${String(server.port)}/broker/back`;
    expect(await status(path)).toBe(200);
    await server.setCallbackListeners([]);
    expect(await status(path)).toBe(404);
  });
});

describe('the listener for the outside', () => {
  const outsiders: HttpServer[] = [];
  const outside = async (): Promise<string> => {
    const port = await freePort();
    const server = await startHttp({
      desk,
      metrics: fakeMetrics,
      host: '127.0.0.1',
      port: 0,
      publicPort: port,
      publicUrl: 'https://tokens.example',
      pageUrl: 'http://localhost:8000',
      adminToken: ADMIN_TOKEN,
      log: fakeLog(),
      clock: systemClock,
      version: '0.0.0-test',
    });
    outsiders.push(server);
    releases.push(() => server.stop());
    return `http://127.0.0.1:${String(port)}`;
  };

  it('has what persons and brokers come to', async () => {
    const url = await outside();
    expect(await status(`${url}/callback?code=made-up&state=made-up`)).toBe(200);
    expect(await status(`${url}/oauth/upstox/one`)).toBe(401);
    const posted = await fetch(`${url}/webhooks/upstox/good`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(posted.status).toBe(200);
  });

  it('says what is needed instead of asking for the admin token', async () => {
    const url = await outside();
    for (const path of ['/oauth/upstox/one', '/oauth/upstox/one?ticket=made-up']) {
      const answer = await fetch(`${url}${path}`);
      const text = await answer.text();
      expect([answer.status, text.includes('the link in the newest alert')], path).toEqual([401, true]);
      // There is nothing here that could take it, or that the page could load.
      for (const each of ['<form', '/assets/', '/sign-in']) expect(text, path).not.toContain(each);
    }
  });

  it('leads to the page where the page is, and signs in there', async () => {
    const url = await outside();
    const back = await (await fetch(`${url}/callback?code=made-up&state=made-up`)).text();
    expect(back).toContain('href="http://localhost:8000/dashboard"');
    expect(outsiders.at(-1)?.signInLink()).toMatch(/^http:\/\/localhost:8000\/sign-in#/);
  });

  it('has nothing else, with the admin token neither', async () => {
    const url = await outside();
    for (const path of [
      '/dashboard',
      '/api/token/status',
      '/metrics',
      '/readyz',
      '/livez',
      '/sign-in',
      '/assets/base.css',
      '/assets/sign-in.js',
      '/accounts/one/refresh',
      '/api/openapi.json',
      '/',
    ]) {
      const answer = await fetch(`${url}${path}`, {
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
        redirect: 'manual',
      });
      expect(answer.status, path).toBe(404);
      await answer.body?.cancel();
    }
  });
});
