import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { emptyBook, type Incident } from '../../src/alerts/book.ts';
import { failed, recovered } from '../../src/alerts/incidents.ts';
import { mailChannel } from '../../src/alerts/mail.ts';
import { requestRefresh } from '../../src/app/wishes.ts';
import { webhookChannel } from '../../src/alerts/webhook.ts';
import { startDiscord } from '../support/discord.ts';
import { until } from '../support/poll.ts';
import { withBench } from '../support/service.ts';
import { startMailServer } from '../support/smtp.ts';

const NOW = Date.UTC(2026, 10, 23, 8);
const failure = {
  broker: 'tradovate',
  account: 'DESK',
  code: 'bad_credentials',
  message: 'Tradovate does not accept this login.',
  level: 'critical',
  link: 'http://localhost:8000/dashboard',
} as const;
const only = (incidents: readonly Incident[]): Incident => {
  const [incident] = incidents;
  if (!incident) throw new Error('no incident');
  return incident;
};
const open = only(failed(emptyBook, failure, NOW).incidents);
const over = only(recovered({ incidents: [open] }, failure, NOW + 60_000).incidents);

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function receiver(
  status = 204,
): Promise<{ readonly url: string; readonly posts: Post[]; status: number }> {
  const made = { url: '', posts: [] as Post[], status };
  const server = createServer((request, answer) => {
    void request
      .setEncoding('utf8')
      .toArray()
      .then((chunks) => {
        made.posts.push({ headers: request.headers, body: chunks.join('') });
        answer.writeHead(made.status, { 'retry-after': '7' }).end();
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  made.url = `http://127.0.0.1:${address.port}/hook`;
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return made;
}

describe('the webhook channel', () => {
  it('posts what happened as JSON, signed over time and body', async () => {
    const { url, posts } = await receiver();
    const channel = webhookChannel({ url, secret: 'made-up-secret' });
    await channel.open({ incident: open, now: NOW + 2_000 });
    await channel.close('', { incident: over, now: NOW + 60_000 });
    const [first, last] = posts.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(first).toMatchObject({
      event: 'opened',
      broker: 'tradovate',
      code: 'bad_credentials',
      failing: ['DESK'],
      link: 'http://localhost:8000/dashboard',
    });
    expect(last).toMatchObject({ event: 'recovered', id: first?.['id'], failing: [], back: ['DESK'] });
    expect(posts[0]?.body).not.toContain('recovered');
    const { headers, body } = posts[0] ?? { headers: {}, body: '' };
    const [, at, digest] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['token-refresher-signature'])) ?? [];
    expect(digest).toBe(createHmac('sha256', 'made-up-secret').update(`${at}.${body}`).digest('hex'));
  });

  it.each([
    [429, { kind: 'throttled', retryAfterMs: 7_000 }],
    [410, { kind: 'dead' }],
    [422, { kind: 'unacceptable' }],
    [503, { kind: 'transient' }],
  ])('takes a %d for what it is', async (status, expected) => {
    const { url } = await receiver(status);
    const channel = webhookChannel({ url, secret: undefined });
    await expect(channel.open({ incident: open, now: NOW })).rejects.toMatchObject(expected);
  });

  it('says that nobody is there, without the address', async () => {
    const channel = webhookChannel({ url: 'http://127.0.0.1:9/secret-path', secret: undefined });
    const error: unknown = await channel.open({ incident: open, now: NOW }).catch((each: unknown) => each);
    expect(error).toMatchObject({ kind: 'transient' });
    expect(String(error)).not.toContain('secret-path');
  });
});

describe('the mail channel', () => {
  it('sends one mail when it begins and one when it is over, in one thread', async () => {
    const server = await startMailServer();
    ends.push(() => server.stop());
    const channel = mailChannel({ server: server.url, to: ['ops@example.com', 'desk@example.com'] });
    const id = await channel.open({ incident: open, now: NOW });
    await channel.edit(id, { incident: open, now: NOW });
    await channel.close(id, { incident: over, now: NOW + 60_000 });
    channel.stop();
    expect(server.mails).toHaveLength(2);
    const [first, last] = server.mails;
    expect(first?.to).toEqual(['ops@example.com', 'desk@example.com']);
    expect(first?.text).toMatch(
      /^Subject: \[critical\] tradovate, 1 account: Tradovate does not accept this/m,
    );
    expect(first?.text).not.toMatch(/recovered/i);
    expect(last?.text).toMatch(/^Subject: \[recovered\]/m);
    expect(last?.text).toContain(`In-Reply-To: ${id}`);
  });

  it.each([
    ['', 'token-refresher@[127.0.0.1]'],
    ['desk@example.com', 'desk@example.com'],
    ['desk', 'token-refresher@[127.0.0.1]'],
  ])('has a sender that a server takes where its own is an address: user "%s"', async (user, sender) => {
    const server = await startMailServer();
    ends.push(() => server.stop());
    const url = new URL(server.url);
    url.username = encodeURIComponent(user);
    const channel = mailChannel({ server: url.href, to: ['ops@example.com'] });
    await channel.open({ incident: open, now: NOW });
    channel.stop();
    expect(server.mails[0]?.from).toBe(sender);
  });

  it('is not believed dead for one refused recipient', async () => {
    const server = await startMailServer();
    ends.push(() => server.stop());
    server.refuse = '550 no such user';
    const channel = mailChannel({ server: server.url, to: ['nobody@example.com'] });
    await expect(channel.open({ incident: open, now: NOW })).rejects.toMatchObject({ kind: 'unacceptable' });
    channel.stop();
  });
});

describe('the service', () => {
  it('tells at /readyz that a webhook is gone, without its address or an account, and stays ready', async () => {
    const discord = await startDiscord((_heard, answer) => {
      const body = JSON.stringify({ message: 'Unknown Webhook', code: 10015 });
      answer.writeHead(404, { 'content-type': 'application/json' }).end(body);
    });
    ends.push(() => discord.stop());
    await withBench(
      { entries: [{ username: 'DESK', password: 'made-up-wrong-pass' }], env: discord.env },
      async ({ service }) => {
        const body = await until(
          async () => {
            const answer = await fetch(`${service.url}/readyz`);
            const text = await answer.text();
            return answer.status === 200 && text.includes('discord') && text;
          },
          { what: 'the detail', timeoutMs: 20_000 },
        );
        const details = [
          'alerts by discord are not taken any more: only a person can mend the channel; it is tried again every hour',
        ];
        expect(JSON.parse(body)).toEqual({ status: 'ready', reasons: [], details });
      },
    );
  });

  it('tells once, and in words of its own, of a refused password that is back in the file', async () => {
    const discord = await startDiscord();
    ends.push(() => discord.stop());
    const right = { username: 'DESK', password: 'made-up-desk' };
    const wrong = { username: 'DESK', password: 'made-up-wrong-pass' };
    await withBench(
      { entries: [wrong], env: discord.env },
      async ({ service, state, writeCredentials, redis }) => {
        const file = async (entry: object): Promise<void> => {
          await writeCredentials([entry]);
          await service.reload();
        };
        await state('DESK', 'stopped');
        await file(right);
        await state('DESK', 'fresh');
        await until(() => discord.posts().some(({ body }) => body.includes('recovered')), {
          what: 'the recovery',
        });
        const before = discord.posts().length;
        await file(wrong);
        // A live token would have it looked at only when the next one is due.
        await requestRefresh(redis, 'DESK', 'tradovate', false, Date.now());
        await state('DESK', 'stopped');
        const since = (): readonly string[] =>
          discord
            .posts()
            .slice(before)
            .map(({ body }) => body);
        await until(() => since().length > 0, { what: 'the alert', timeoutMs: 20_000 });
        await file(right);
        const said = await until(() => since().some((body) => body.includes('recovered')) && since(), {
          what: 'the second recovery',
        });
        expect(said).toHaveLength(2);
        expect(said[0]).toContain('These credentials were refused earlier and are not sent again');
        expect(said[0]).toContain('/dashboard?account=DESK');
        expect(said[0]).not.toMatch(/NAME|not known/);
      },
    );
  });

  it('tells every channel in the morning how many accounts are ready, who is not, and why', async () => {
    const hook = await receiver();
    const mail = await startMailServer();
    const discord = await startDiscord();
    ends.push(mail.stop, discord.stop);
    await withBench(
      {
        entries: [
          { username: 'DESK', password: 'made-up-wrong-pass' },
          { username: 'OTHER', password: 'made-up-password' },
        ],
        env: {
          ...discord.env,
          ALERT_WEBHOOK_URL: hook.url,
          SMTP_URL: mail.url,
          ALERT_EMAIL_TO: 'ops@example.com',
          ALERT_MORNING_AT: '08:00',
          ALERT_ZONE: 'Asia/Kolkata',
        },
        at: Date.UTC(2026, 10, 30, 2, 0),
      },
      async ({ state, simulator, restart }) => {
        await state('DESK', 'stopped', 20_000);
        await state('OTHER', 'fresh', 20_000);
        simulator.clock.set(Date.UTC(2026, 10, 30, 2, 30));
        // It looks at the clock once a minute: the next process looks at once.
        await restart();
        const words = (): string => discord.posts().find(({ body }) => body.includes('ready'))?.body ?? '';
        const reports = (): string => hook.posts.find(({ body }) => body.includes('morning'))?.body ?? '';
        const mailed = (): string => mail.mails.find(({ text }) => text.includes('[morning]'))?.text ?? '';
        await until(() => words() && reports() && mailed(), { what: 'the lines', timeoutMs: 30_000 });
        expect(words()).toContain('SIMULATED tradovate 1/2 ready.');
        expect(words()).toContain('DESK: Stopped: Tradovate does not accept this login.');
        expect(JSON.parse(reports())).toMatchObject({
          event: 'morning',
          day: '2026-11-30',
          brokers: [
            { ready: 1, total: 2, not_ready: { DESK: expect.stringContaining('Stopped') as unknown } },
          ],
        });
        expect(mailed()).toContain('SIMULATED tradovate 1/2 ready');
      },
    );
  }, 90_000);

  it('tells every channel that is set, and beats while it is well', async () => {
    const hook = await receiver();
    const heart = await receiver();
    const mail = await startMailServer();
    ends.push(() => mail.stop());
    await withBench(
      {
        entries: [
          { username: 'DESK', password: 'made-up-wrong-pass' },
          { username: 'OTHER', password: 'made-up-password' },
        ],
        env: {
          ALERT_WEBHOOK_URL: hook.url,
          ALERT_WEBHOOK_SECRET: 'made-up-secret',
          SMTP_URL: mail.url,
          ALERT_EMAIL_TO: 'ops@example.com',
          HEARTBEAT_URL: heart.url,
        },
      },
      async () => {
        await until(() => hook.posts.length > 0 && mail.mails.length > 0, {
          what: 'both channels',
          timeoutMs: 15_000,
        });
        await until(() => heart.posts.length > 0, { what: 'a heartbeat', timeoutMs: 20_000 });
        expect(JSON.parse(hook.posts[0]?.body ?? '')).toMatchObject({ event: 'opened', failing: ['DESK'] });
        expect(mail.mails[0]?.text).toContain('bad_credentials');
      },
    );
  });
});
