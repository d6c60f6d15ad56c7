import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import type { AccountStatus } from '../../../src/core/status.ts';
import { makeBoard } from '../../../src/http/board.ts';
import type { Desk } from '../../../src/http/desk.ts';
import { startHttp, type HttpServer } from '../../../src/http/server.ts';
import { fakeClock } from '../../support/clock.ts';
import { until } from '../../support/poll.ts';
import { account, ADMIN_TOKEN, bearer, fakeDesk, fakeLog, fakeMetrics, without } from './support.ts';

const releases: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

/** A service whose accounts a test changes, and that tells of it. */
function changingDesk(accounts: AccountStatus[]) {
  const listeners = new Set<(name: string) => void>();
  const reads: string[] = [];
  const desk: Desk = fakeDesk(accounts, {
    accounts: async () => {
      reads.push('*');
      return [...accounts];
    },
    account: async (name) => {
      reads.push(name);
      return accounts.find((one) => one.name === name);
    },
    listen(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  });
  return {
    desk,
    reads,
    listeners,
    change(...changed: readonly AccountStatus[]) {
      for (const each of changed) {
        const at = accounts.findIndex(({ name }) => name === each.name);
        accounts[at < 0 ? accounts.length : at] = each;
        for (const heard of listeners) heard(each.name);
      }
    },
  };
}

async function start(desk: Desk): Promise<HttpServer> {
  const server = await startHttp({
    desk,
    metrics: fakeMetrics,
    host: '127.0.0.1',
    port: 0,
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

interface Heard {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function listen(server: HttpServer, query = '', headers: Record<string, string> = bearer) {
  const leaving = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/events${query}`, {
    headers,
    signal: leaving.signal,
  });
  const heard: Heard[] = [];
  let ended = false;
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const whole = text.split('\n\n');
      text = whole.pop() ?? '';
      for (const each of whole) {
        const match = /^event: (\w+)\ndata: (.*)$/s.exec(each);
        if (match) heard.push({ event: match[1]!, data: JSON.parse(match[2]!) as Heard['data'] });
      }
    }
  };
  void read()
    .catch(() => undefined)
    .finally(() => (ended = true));
  const leave = (): void => leaving.abort();
  releases.push(async () => leave());
  return { answer, heard, leave, ended: () => ended };
}

/** What changed, of all that was heard. */
const partsOf = (heard: readonly Heard[]): string =>
  heard
    .filter(({ event }) => event === 'news')
    .map(({ data }) => String(data['parts']))
    .join('\n');

describe('GET /api/events', () => {
  it('tells whoever is signed in, and nobody else', async () => {
    const server = await start(fakeDesk([account('one')]));
    const refused = await listen(server, '', {});
    expect(refused.answer.status).toBe(401);
    const elsewhere = await listen(server, '', { ...bearer, 'sec-fetch-site': 'cross-site' });
    expect(elsewhere.answer.status).toBe(403);
    const { answer } = await listen(server);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('begins with the page and goes on with the lines that changed', async () => {
    const { desk, change } = changingDesk(['a', 'b', 'c'].map((name) => account(name)));
    const { heard } = await listen(await start(desk));
    await until(() => heard[0], { what: 'the page' });
    expect(heard[0]?.event).toBe('page');
    expect(String(heard[0]?.data['main'])).toContain('id="row-alpha-a"');

    change(without('b', 'backing_off', { detail: 'The broker does not answer.' }));
    await until(() => partsOf(heard).includes('The broker does not answer.'), { what: 'the news of b' });
    expect(partsOf(heard)).toContain('id="row-alpha-b"');
    expect(partsOf(heard)).toContain('id="verdict"');
    expect(partsOf(heard)).not.toContain('row-alpha-a"');
    // Trouble stands first.
    const moved = heard.find(({ event }) => event === 'news')?.data['lists'];
    expect(moved).toEqual([{ id: 'list-alpha', ids: ['row-alpha-b', 'row-alpha-a', 'row-alpha-c'] }]);
  });

  it('tells of what the page shows, by its query', async () => {
    const { desk, change } = changingDesk(['a', 'b'].map((name) => account(name)));
    const { heard } = await listen(await start(desk), '?q=a');
    await until(() => heard.length > 0, { what: 'the page' });
    expect(String(heard[0]?.data['main'])).not.toContain('row-alpha-b');
    change(without('b', 'stopped'), without('a', 'stopped'));
    await until(() => partsOf(heard).includes('row-alpha-a'), { what: 'the news of a' });
    expect(partsOf(heard)).not.toContain('id="row-alpha-b"');
  });

  it('sends the page anew where a broker comes', async () => {
    const { desk, change } = changingDesk([account('a')]);
    const { heard } = await listen(await start(desk));
    await until(() => heard.length > 0, { what: 'the page' });
    change(account('z', { broker: 'beta' }));
    await until(() => heard.some(({ data }) => String(data['main']).includes('row-beta-z')), {
      what: 'the page with the other broker',
    });
  });

  it('says that the accounts cannot be read, and goes on when they can', async () => {
    let isAway = true;
    const desk = fakeDesk([account('one')], {
      accounts: async () => {
        if (isAway) throw new Error('Redis is away');
        return [account('one')];
      },
    });
    const { heard } = await listen(await start(desk));
    await until(() => heard.some(({ event }) => event === 'trouble'), { what: 'the trouble' });
    expect(JSON.stringify(heard)).not.toContain('Redis is away');
    isAway = false;
    await until(() => heard.some(({ event }) => event === 'page'), { what: 'the page', timeoutMs: 15_000 });
  });

  it('ends at once when the service stops', async () => {
    const server = await start(fakeDesk([account('one')]));
    const streams = await Promise.all([listen(server), listen(server)]);
    await until(() => streams.every(({ heard }) => heard.length > 0), { what: 'the streams' });
    const before = performance.now();
    await server.stop();
    expect(performance.now() - before).toBeLessThan(2_000);
    await until(() => streams.every(({ ended }) => ended()), { what: 'their end' });
  });

  it('is open to 32 pages at once; a place is free when one leaves', async () => {
    const server = await start(fakeDesk([account('one')]));
    const streams = await Promise.all(Array.from({ length: 32 }, () => listen(server)));
    expect(streams.every(({ answer }) => answer.status === 200)).toBe(true);
    const refused = await listen(server);
    expect([refused.answer.status, refused.answer.headers.get('retry-after')]).toEqual([429, '30']);
    await until(() => refused.ended(), { what: 'the answer' });
    streams[0]?.leave();
    await until(async () => (await listen(server)).answer.status === 200, { what: 'a free place' });
  });
});

describe('the board', () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `account-${i}`);

  it('reads what it is told of, once a second at most, and nothing while nobody looks', async () => {
    const clock = fakeClock();
    const { desk, change, reads, listeners } = changingDesk(names.map((name) => account(name)));
    const board = makeBoard(desk, clock);
    const leaving = new AbortController();
    const first = await board.newer(0, leaving.signal);
    expect(reads).toEqual(['*']);
    const second = board.newer(first!.version, leaving.signal);
    for (let i = 0; i < 20; i += 1) change(without('account-7', 'stopped'));
    await clock.advance(999);
    expect(reads).toEqual(['*']);
    await clock.advance(1);
    const news = await second;
    expect(reads).toEqual(['*', 'account-7']);
    expect(news?.accounts.filter(({ state }) => state === 'stopped')).toHaveLength(1);
    expect(news?.accounts).toHaveLength(1_000);

    const third = board.newer(news!.version, leaving.signal);
    await clock.advance(5_000);
    expect((await third)?.version).toBeGreaterThan(news!.version);
    expect(reads).toEqual(['*', 'account-7', '*']);

    leaving.abort();
    await clock.advance(10_000);
    expect([listeners.size, clock.sleepers()]).toEqual([0, 0]);
  });
});
