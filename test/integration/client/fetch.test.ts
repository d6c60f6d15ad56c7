import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { openDesk, type ClientDesk } from './desk.ts';

// What every client does is in behaviours.test.ts; this is what only the one for Node has.
let desk: ClientDesk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.stop());

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
