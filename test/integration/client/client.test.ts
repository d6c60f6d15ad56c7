import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NoTokenError, RedisAwayError, type Token } from '../../../src/client/index.ts';
import { until } from '../../support/poll.ts';
import { openDesk, type ClientDesk } from './desk.ts';

class Refused extends Error {
  readonly status = 401;
}

let desk: ClientDesk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.stop());

describe('reading', () => {
  it('gives token, headers, base URL and generation of one moment', async () => {
    const token = await desk.publish('READ', 7);
    const reader = desk.reader();
    expect(await reader.read('READ')).toMatchObject({
      name: 'READ',
      token,
      generation: 7,
      baseUrl: 'http://127.0.0.1:9',
      headers: { Authorization: `Bearer ${token}`, 'X-Account': 'READ' },
    });
    expect(await reader.get('READ')).toBe(token);
    expect(await reader.headers('READ')).toMatchObject({ 'X-Account': 'READ' });
  });

  it('says why there is none', async () => {
    await desk.redis.hset('state:STOPPED', { state: 'stopped', reason: 'bad_credentials' });
    const reader = desk.reader();
    expect(await reader.get('STOPPED')).toBeUndefined();
    expect(await reader.why('STOPPED')).toEqual({ state: 'stopped', reason: 'bad_credentials' });
    expect(await reader.why('NOBODY')).toEqual({ state: '', reason: '' });
  });

  it('takes an alias, which has a token and nothing else', async () => {
    await desk.redis.set('token:ALIAS', 'made-up', 'PX', 60_000);
    expect(await desk.reader().headers('ALIAS')).toEqual({ Authorization: 'Bearer made-up' });
  });

  it('asks once a second, however often it is asked', async () => {
    await desk.publish('OFTEN', 1);
    let now = 0;
    const clock = { now: Date.now, elapsed: () => now, sleep: () => new Promise<void>(() => undefined) };
    const reader = desk.reader({ clock });
    const first = await reader.get('OFTEN');
    await desk.publish('OFTEN', 2);
    now = 999;
    expect(await reader.get('OFTEN')).toBe(first);
    now = 1_000;
    expect(await reader.get('OFTEN')).toBe('made-up-OFTEN-2');
  });

  it('never gives an older generation than it gave before', async () => {
    await desk.publish('BACK', 5);
    let now = 0;
    const clock = { now: Date.now, elapsed: () => now, sleep: () => new Promise<void>(() => undefined) };
    const reader = desk.reader({ clock });
    await reader.get('BACK');
    await desk.publish('BACK', 4);
    now = 2_000;
    expect(await reader.get('BACK')).toBe('made-up-BACK-5');
  });

  it('falls back to the next account, and says which', async () => {
    await desk.publish('SECOND', 1);
    const found = await desk.reader().getFirst(['NOBODY', 'SECOND']);
    expect(found?.name).toBe('SECOND');
    expect(await desk.reader().getFirst(['NOBODY'])).toBeUndefined();
  });
});

describe('a call', () => {
  it('that the broker takes is made once, and nothing is reported', async () => {
    const token = await desk.publish('FINE', 1);
    const seen: string[] = [];
    const answer = await desk.reader().withToken('FINE', (given) => {
      seen.push(given.token);
      return 'answer';
    });
    expect(answer).toBe('answer');
    expect(seen).toEqual([token]);
    expect((await desk.reports()).filter(({ name }) => name === 'FINE')).toEqual([]);
  });

  it('that is refused is reported once, and made again with the newer token as soon as it is out', async () => {
    await desk.publish('DEAD', 1);
    const reader = desk.reader();
    const generations: number[] = [];
    const calls = Array.from({ length: 100 }, () =>
      reader.withToken('DEAD', ({ generation }) => {
        generations.push(generation);
        if (generation === 1) throw new Refused();
        return generation;
      }),
    );
    const mine = async () => (await desk.reports()).filter(({ name }) => name === 'DEAD');
    await until(async () => (await mine()).length > 0, { what: 'a report' });
    await desk.publish('DEAD', 2);
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 100 }, () => 2));
    expect(generations.filter((each) => each === 1)).toHaveLength(100);
    expect(generations).toHaveLength(200);
    expect(await mine()).toEqual([{ name: 'DEAD', generation: '1', status: '401' }]);
  });

  it('that is refused where a newer token is out already is made again at once, without a report', async () => {
    await desk.publish('LATE', 1);
    const reader = desk.reader();
    await reader.get('LATE');
    await desk.publish('LATE', 2);
    const result = await reader.withToken('LATE', ({ generation }) =>
      generation === 1 ? { status: 401 } : { status: 200 },
    );
    expect(result).toEqual({ status: 200 });
    expect((await desk.reports()).filter(({ name }) => name === 'LATE')).toEqual([]);
  });

  it('is made three times in all where the service confirms the token, and the refusal is handed on', async () => {
    await desk.publish('ODD', 1);
    const tries: number[] = [];
    const refusal = new Refused();
    const asked = desk
      .reader()
      .withToken('ODD', () => {
        tries.push(Date.now());
        throw refusal;
      })
      .catch((error: unknown) => error);
    for (let made = 1; made < 3; made++) {
      await until(async () => (await desk.reports()).filter(({ name }) => name === 'ODD').length === made, {
        what: `report ${made}`,
      });
      await desk.publish('ODD', 1, { event: 'confirmed' });
    }
    expect(await asked).toBe(refusal);
    expect(tries).toHaveLength(3);
    const [first = 0, second = 0, third = 0] = tries;
    expect(second - first).toBeGreaterThanOrEqual(249);
    expect(third - second).toBeGreaterThanOrEqual(499);
  });

  it('hands on any other error untouched, at once', async () => {
    await desk.publish('OTHER', 1);
    const error = new Error('no margin');
    let made = 0;
    const asked = desk.reader().withToken('OTHER', () => {
      made += 1;
      throw error;
    });
    await expect(asked).rejects.toBe(error);
    expect(made).toBe(1);
  });

  it('hands the refusal on where no newer token comes in time', async () => {
    await desk.publish('NEVER', 1);
    const answer = await desk.reader().withToken('NEVER', () => ({ status: 401 }), { waitMs: 300 });
    expect(answer).toEqual({ status: 401 });
  });

  it('waits for a token where there is none yet, and says why where none comes', async () => {
    const reader = desk.reader();
    const waiting = reader.withToken('SOON', ({ token }) => token);
    const token = await desk.publish('SOON', 1);
    expect(await waiting).toBe(token);
    await desk.redis.hset('state:PERSON', { state: 'awaiting_approval', reason: 'awaiting_approval' });
    const never = await reader.withToken('PERSON', () => 1, { waitMs: 100 }).catch((error: unknown) => error);
    expect(never).toBeInstanceOf(NoTokenError);
    expect(String(never)).toContain('awaiting_approval');
  });
});

describe('fetch', () => {
  it('puts the path behind the base URL, adds the headers, and repeats after a 401', async () => {
    await desk.publish('HTTP', 1);
    const sent: [string, string | null, string | null][] = [];
    const reader = desk.reader({
      fetch: async (url, { headers }) => {
        const given = new Headers(headers);
        sent.push([url, given.get('authorization'), given.get('version')]);
        return new Response(null, { status: sent.length === 1 ? 401 : 200 });
      },
    });
    const asked = reader.fetch('HTTP', '/orders', { method: 'POST', body: '{}', headers: { VERSION: '2' } });
    await until(() => sent.length === 1, { what: 'the first call' });
    await desk.publish('HTTP', 2);
    expect((await asked).status).toBe(200);
    expect(sent).toEqual([
      ['http://127.0.0.1:9/orders', 'Bearer made-up-HTTP-1', '2'],
      ['http://127.0.0.1:9/orders', 'Bearer made-up-HTTP-2', '2'],
    ]);
  });

  it('refuses a stream, which cannot be sent twice', async () => {
    await desk.publish('STREAM', 1);
    const asked = desk.reader().fetch('STREAM', '/', { method: 'POST', body: new ReadableStream() });
    await expect(asked).rejects.toThrow('cannot be sent a second time');
  });
});

describe('a subscriber', () => {
  it('hears the present token, each newer one, and its end', async () => {
    await desk.publish('SUB', 1);
    const heard: (Token | undefined)[] = [];
    const stop = desk.reader().subscribe('SUB', (token) => heard.push(token));
    await until(() => heard.length === 1, { what: 'the present one' });
    await desk.publish('SUB', 2);
    await until(() => heard.length === 2, { what: 'the newer one' });
    await desk.redis.del('token:SUB', 'meta:SUB');
    await desk.redis.publish(
      'token-events',
      JSON.stringify({ event: 'expired', names: ['SUB'], generation: 2 }),
    );
    await until(() => heard.length === 3, { what: 'its end' });
    stop();
    await desk.publish('SUB', 3);
    expect(heard.map((each) => each?.generation)).toEqual([1, 2, undefined]);
  });

  it('is not ended by what its function throws', async () => {
    await desk.publish('THROWS', 1);
    const errors: unknown[] = [];
    let calls = 0;
    desk.reader({ onError: (error) => errors.push(error) }).subscribe('THROWS', () => {
      calls += 1;
      throw new Error(`call ${calls}`);
    });
    await until(() => calls === 1, { what: 'the first call' });
    await desk.publish('THROWS', 2);
    await until(() => calls === 2, { what: 'the second call' });
    expect(errors).toHaveLength(2);
  });
});

describe('a Redis that goes away', () => {
  it('takes no live token along, hands out no dead one, and is read anew once it is back', async () => {
    const own = await openDesk(true);
    try {
      let now = 0;
      const clock = {
        now: Date.now,
        elapsed: () => now,
        sleep: (ms: number, signal: AbortSignal) =>
          new Promise<void>((done) => {
            const timer = setTimeout(done, Math.min(ms, 50));
            signal.addEventListener('abort', () => (clearTimeout(timer), done()), { once: true });
          }),
      };
      const token = await own.publish('AWAY', 1, { livesMs: 60_000 });
      const reader = own.reader({ clock });
      const heard: (number | undefined)[] = [];
      reader.subscribe('AWAY', (each) => heard.push(each?.generation));
      expect(await reader.get('AWAY')).toBe(token);
      await own.server.kill();
      now = 59_000;
      expect(await reader.get('AWAY')).toBe(token);
      now = 60_000;
      await expect(reader.get('AWAY')).rejects.toBeInstanceOf(RedisAwayError);
      await own.server.restart();
      await until(() => own.redis.ping(), { what: 'Redis to be back' });
      await own.publish('AWAY', 2);
      await until(() => heard.at(-1) === 2, { what: 'the new one' });
      expect(await reader.get('AWAY')).toBe('made-up-AWAY-2');
    } finally {
      await own.stop();
    }
  });
});
