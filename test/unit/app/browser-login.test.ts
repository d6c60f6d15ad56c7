import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { browserLogin, type Person, type Relay, type WayBack } from '../../../src/app/browser-login.ts';
import type { Arrival } from '../../../src/core/broker.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { fakeClock } from '../../support/clock.ts';
import { until } from '../../support/poll.ts';
import { freePort } from '../../support/redis.ts';

const ending = new Set<() => void>();
afterEach(() => {
  for (const end of ending) end();
  ending.clear();
});

interface Desk {
  readonly came: Promise<Arrival | undefined>;
  /** The one-time state in the link that was shown. */
  readonly state: string;
  readonly way: WayBack;
  readonly refusals: readonly string[];
  paste(line: string): void;
  giveUp(): void;
}

const noService: Relay = {
  expect: () => Promise.resolve(false),
  collect: () => Promise.reject(new Error('nobody is there')),
  forget: () => Promise.reject(new Error('nobody was told')),
};

/** A login that has shown its link. */
async function open(redirectUri: string, clock = systemClock, relay = noService): Promise<Desk> {
  const shown: { link: string; way: WayBack }[] = [];
  const refusals: string[] = [];
  const pasted: string[] = [];
  let wake = (): void => undefined;
  const person: Person = {
    show: (link, way) => void shown.push({ link, way }),
    refuse: (reason) => void refusals.push(reason),
    async *lines(signal) {
      while (!signal.aborted) {
        const line = pasted.shift();
        if (line !== undefined) yield line;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
  const stop = new AbortController();
  ending.add(() => stop.abort());
  const came = browserLogin({
    consent: {
      url: (state) => `https://broker.example/dialog?state=${state}`,
      redirectUri,
      receive: () => Promise.reject(new Error('not here')),
      askAt: (now) => now,
      deadline: (now) => now,
    },
    person,
    clock,
    host: '127.0.0.1',
    signal: stop.signal,
    relay,
  });
  const first = await until(async () => shown[0], { what: 'a link' });
  return {
    came,
    state: new URL(first.link).searchParams.get('state') ?? '',
    way: first.way,
    refusals,
    paste(line) {
      pasted.push(line);
      wake();
    },
    giveUp: () => stop.abort(),
  };
}

const elsewhere = 'https://desk.example/callback';

describe('a browser login', () => {
  it('ends with the redirect to this machine, and frees its port', async () => {
    const port = await freePort();
    const back = `http://127.0.0.1:${port}/callback`;
    const desk = await open(back);
    expect(desk.way).toBe('here');
    expect(desk.state).toMatch(/^[\w-]{32}$/);
    const answer = await fetch(`${back}?code=made-up&state=${desk.state}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await desk.came).toEqual({ code: 'made-up' });
    await expect(fetch(back)).rejects.toThrow();
  });

  it('is not ended by anything else that reaches the port', async () => {
    const port = await freePort();
    const back = `http://127.0.0.1:${port}/callback`;
    const desk = await open(back);
    const statusOf = async (path: string, method = 'GET'): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { method })).status;
    expect(await statusOf('/callback?code=forged&state=forged')).toBe(400);
    expect(await statusOf(`/callback?code=a&code=b&state=${desk.state}`)).toBe(400);
    expect(await statusOf(`/callback?code=&state=${desk.state}`)).toBe(400);
    expect(await statusOf(`/callback?code=x&state=${desk.state}`, 'HEAD')).toBe(404);
    expect(await statusOf(`/other?code=x&state=${desk.state}`)).toBe(404);
    expect(await statusOf(`/callback?error=access_denied&state=${desk.state}`)).toBe(200);
    expect(await desk.came).toEqual({ error: 'access_denied' });
  });

  it('ends with a cancelled login, which may bring nothing but the state', async () => {
    const port = await freePort();
    const back = `http://127.0.0.1:${port}/callback`;
    const desk = await open(back);
    expect((await fetch(`${back}?state=${desk.state}`)).status).toBe(200);
    expect(await desk.came).toEqual({});
  });

  it('may be pasted', async () => {
    const desk = await open(elsewhere);
    expect(desk.way).toEqual({ unheard: `${elsewhere} is not listened for from here` });
    desk.paste('');
    desk.paste('made-up-code');
    desk.paste(`${elsewhere}?code=forged&state=another`);
    desk.paste(` ${elsewhere}?code=made-up&state=${desk.state} `);
    expect(await desk.came).toEqual({ code: 'made-up' });
    expect(desk.refusals).toEqual([
      'That is no address: paste the whole of it, from http on.',
      'That address belongs to another login: paste the one that this link led to.',
    ]);
  });

  it('says where another program has the port, and takes what is pasted', async () => {
    const port = await freePort();
    const other: Server = createServer();
    await new Promise<void>((resolve) => void other.listen(port, '127.0.0.1', resolve));
    ending.add(() => void other.close());
    const back = `http://127.0.0.1:${port}/callback`;
    const desk = await open(back);
    expect(desk.way).toMatchObject({ unheard: expect.stringContaining('is taken by another program') });
    desk.paste(`${back}?code=made-up&state=${desk.state}`);
    expect(await desk.came).toEqual({ code: 'made-up' });
  });

  it('is handed on by a running service where the browser comes back to that, once', async () => {
    const expected: string[] = [];
    const forgotten: string[] = [];
    let looks = 0;
    const clock = fakeClock();
    const desk = await open(elsewhere, clock, {
      async expect(state) {
        expected.push(state);
        return true;
      },
      async collect() {
        looks += 1;
        if (looks === 1) throw new Error('Redis stumbles');
        return looks === 3 ? { code: 'made-up' } : undefined;
      },
      forget: async (state) => void forgotten.push(state),
    });
    expect(desk.way).toBe('service');
    for (let each = 0; each < 3; each++) await clock.advance(500);
    expect(await desk.came).toEqual({ code: 'made-up' });
    expect([expected, forgotten, looks]).toEqual([[desk.state], [desk.state], 3]);
  });

  it('is given up after ten minutes, or when it is told so', async () => {
    const clock = fakeClock();
    const desk = await open(elsewhere, clock);
    await clock.advance(10 * 60_000);
    expect(await desk.came).toBeUndefined();
    const other = await open(elsewhere);
    other.giveUp();
    expect(await other.came).toBeUndefined();
  });
});
