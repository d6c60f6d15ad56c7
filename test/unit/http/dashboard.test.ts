import { describe, expect, it } from 'vitest';
import type { AccountStatus } from '../../../src/core/status.ts';
import { countdown } from '../../../src/http/page/countdown.js';
import { html } from '../../../src/http/page/html.ts';
import { verdictOf } from '../../../src/http/page/verdict.ts';
import { account, fakeDesk, serve, without } from './support.ts';

async function page(accounts: readonly AccountStatus[], changes: Parameters<typeof fakeDesk>[1] = {}) {
  const { app, cookie } = await serve(fakeDesk(accounts, changes), {
    remarks: ['All brokers are simulated.', 'Only the link works.'],
  });
  return app.inject({ url: '/dashboard', headers: cookie() });
}

const textOf = (part: string): string => part.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

describe('the dashboard', () => {
  it('asks for a sign-in, as a form for people and in the error shape for programs', async () => {
    const { app } = await serve(fakeDesk([account('one')]));
    const form = await app.inject({ url: '/dashboard', headers: { accept: 'text/html' } });
    expect(form.statusCode).toBe(401);
    expect(form.body).toContain('<form method="post" action="/sign-in">');
    expect(form.body).not.toContain('one</span>');
    const json = await app.inject({ url: '/dashboard', headers: { accept: 'application/json' } });
    expect([json.statusCode, json.json<{ code: string }>().code]).toEqual([401, 'UNAUTHORIZED']);
    expect((await app.inject({ url: '/' })).headers.location).toBe('/dashboard');
  });

  it('hops over a page of ours where the browser came from elsewhere and kept its cookie back', async () => {
    const { app } = await serve(fakeDesk([]));
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    const answer = await app.inject({ url: '/dashboard', headers });
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toContain('content="0; url=/dashboard"');
  });

  it('shows each account with its state, reason, time left and next refresh', async () => {
    const { body } = await page([
      account('one', { sub_accounts: ['DEMO1'], detail: 'Two renewals were in vain.' }),
    ]);
    expect(body).toContain('<h1>All is well</h1>');
    expect(body).toContain('1 of 1 token is good.');
    expect(body).toContain('All brokers are simulated.');
    expect(body).toContain('<p class="remark">Only the link works.</p>');
    for (const text of [
      'one',
      'also DEMO1',
      'fresh',
      'Two renewals were in vain.',
      'good for 1 h 0 min',
      'in 42 min 0 s',
    ]) {
      expect(body).toContain(text);
    }
    expect(body).not.toContain('class="banner');
  });

  it('says on top which broker asked for silence, until when and why', async () => {
    const message = 'Alpha, network default: silent until 22:09 UTC (captcha). No tokens end before that.';
    const silence = {
      broker: 'alpha',
      network: 'default',
      until: '2026-11-20T22:09:00.000Z',
      code: 'captcha',
    };
    const { body } = await page([account('one')], { silences: async () => [{ ...silence, message }] });
    expect(body).toMatch(/<header class="verdict">[^]*Alpha, network default: silent until 22:09 UTC/);
  });

  it('says on top where alerts do not get through, though all is well', async () => {
    const details = ['alerts by discord do not get through and are tried again'];
    const readiness = async () => ({ ready: true, reasons: [], details });
    const { body } = await page([account('one')], { readiness });
    expect(body).toContain('<h1>All is well</h1>');
    expect(body).toContain('Alerts by discord do not get through and are tried again.');
  });

  it('has a banner with a button for each account that awaits a person, and none for the rest', async () => {
    const { body } = await page([
      account('fresh-one', { person_needed: true }),
      without('asks', 'awaiting_approval', { person_needed: true, detail: 'Waits for a login.' }),
      without('stuck', 'stopped', { detail: 'The password was refused.' }),
      without('trying', 'backing_off', { next_refresh: '2026-11-20T10:00:59.000Z' }),
    ]);
    expect(body.match(/class="banner/g)).toHaveLength(3);
    expect(body).toContain('asks waits for your login at Alpha');
    // Nobody need act, so that it has no button; but it is named, with what comes next.
    const trying = textOf(/<section id="trouble-alpha".*?<\/section>/s.exec(body)?.[0] ?? '');
    expect(trying).toContain('trying at Alpha has no token');
    expect(trying).toContain('Bots have no token.');
    expect(trying).toContain('The service tries again by itself in 59 s');
    expect(trying).not.toContain('button');
    expect(body).toContain('stuck at Alpha is stopped');
    expect(body.match(/class="button"/g)).toHaveLength(2);
    expect(body).toContain('action="/accounts/stuck/try-again"');
    expect(body).toContain('href="/oauth/alpha/asks"');
    expect(body).toContain('Log in at Alpha again');
  });

  it('has a banner to refresh now where there is no token and the next try is not soon', async () => {
    const detail = 'Alpha does not answer.';
    const later = { detail, reason: 'unavailable', next_refresh: '2026-11-20T10:15:00.000Z' };
    const { body } = await page([
      without('waits', 'backing_off', later),
      without('over', 'expired', later),
      account('lives', { ...later, state: 'backing_off' }),
      without('silent', 'backing_off', { ...later, reason: 'broker_silence' }),
      without('down', 'backing_off', { ...later, reason: 'broker_down' }),
    ]);
    const banners = [...body.matchAll(/<section id="banner-alpha-(\w+)".*?<\/section>/gs)];
    expect(banners.map(([, name]) => name)).toEqual(['over', 'waits']);
    for (const [text, name] of banners) {
      expect(text).toContain(`${name} at Alpha has no token`);
      expect(text).toContain(`action="/accounts/${name}/refresh"`);
      expect(text).toContain(detail);
      expect(text).not.toContain('rearm');
      expect(textOf(text)).toContain(
        'The service tries again by itself in 15 min 0 s ( Fri 20 Nov 10:15 UTC ); the button has it try at once.',
      );
    }
  });

  it('has one banner for a broker that keeps many waiting: why, what bots have, what is next, what to do', async () => {
    const error = (at: string, message: string) => ({
      last_error: { code: 'server_fault', message, at: `2026-11-20T09:${at}:00.000Z` },
    });
    const hold = 'The next login follows at 10:15 UTC.';
    const later = { next_refresh: '2026-11-20T10:15:00.000Z' };
    const { body } = await page([
      without('A', 'expired', {
        ...later,
        ...error('58', 'Alpha failed (HTTP 503).'),
        detail: 'Alpha failed (HTTP 503).',
      }),
      without('B', 'backing_off', { ...later, ...error('57', 'No answer.') }),
      without('C', 'expired', { ...later, ...error('56', 'No answer.') }),
      account('D', {
        ...later,
        state: 'due',
        reason: 'budget_spent',
        detail: hold,
        next_refresh: '2026-11-20T10:00:40.000Z',
      }),
      account('E', { ...later, state: 'backing_off', expiry_time: '2026-11-20T10:30:00.000Z' }),
      account('F', { broker: 'beta', state: 'backing_off' }),
      account('G', { broker: 'gamma' }),
    ]);
    const found = [...body.matchAll(/<section id="(trouble|banner)-(\w+)".*?<\/section>/gs)];
    expect(found.map(([, kind, of]) => [kind, of])).toEqual([['trouble', 'alpha']]);
    const text = textOf(found[0]?.[0] ?? '');
    for (const words of [
      '5 accounts at Alpha wait for their next token Alpha failed (HTTP 503). The next login follows at 10:15 UTC.',
      'Bots have no token for 3 of them; of the others the first is good for another 30 min 0 s',
      'The service tries again by itself in 40 s',
      'If it lasts, look at the status page of Alpha and at your network.',
      'Try A now',
    ]) {
      expect(text).toContain(words);
    }
    expect(found[0]?.[0]).toContain('action="/accounts/A/refresh"');
  });

  it('says of a silence when it ends, not when somebody is looked at next, and what brought it once', async () => {
    const end = '2026-11-20T10:51:00.000Z';
    const message = 'Alpha wants a captcha: nothing is sent for an hour.';
    const held = {
      state: 'backing_off',
      reason: 'broker_silence',
      next_refresh: end,
      no_refresh_before: end,
    } as const;
    const { body } = await page([
      account('A', {
        ...held,
        detail: 'Alpha wants a captcha. Nothing is sent before Fri 20 Nov 10:51 UTC.',
        last_error: { code: 'captcha', message, at: '2026-11-20T09:51:00.000Z' },
      }),
      account('B', {
        ...held,
        detail: 'Alpha wants a captcha. Nothing is sent before Fri 20 Nov 10:51 UTC.',
      }),
    ]);
    const text = textOf(/<section id="trouble-alpha".*?<\/section>/s.exec(body)?.[0] ?? '');
    expect(text).toContain(
      'in 51 min 0 s ( Fri 20 Nov 10:51 UTC ). Let nothing else on this network call Alpha',
    );
    expect(text.split('wants a captcha')).toHaveLength(2);
  });

  it('has what more hangs on first, and red before that', async () => {
    const many = (count: number, changes: Partial<AccountStatus>) =>
      Array.from({ length: count }, (_, i) => account(`A${String(i)}`, { state: 'backing_off', ...changes }));
    const asks = without('asks', 'awaiting_approval', { broker: 'beta', person_needed: true });
    const order = async (accounts: readonly AccountStatus[]) => {
      const { body } = await page(accounts);
      return [...body.matchAll(/id="((?:trouble|banner)-\w+)/g)].map(([, id]) => id);
    };
    expect(await order([asks, ...many(3, {})])).toEqual(['trouble-alpha', 'banner-beta']);
    expect(await order([{ ...asks, environment: 'live' }, ...many(40, {})])).toEqual([
      'trouble-alpha',
      'banner-beta',
    ]);
    expect(await order([{ ...asks, environment: 'live' }, ...many(3, {})])).toEqual([
      'banner-beta',
      'trouble-alpha',
    ]);
    const stopped = without('stopped', 'stopped', { broker: 'beta' });
    expect(await order([stopped, ...many(3, { environment: 'live' })])).toEqual([
      'banner-beta',
      'trouble-alpha',
    ]);
  });

  it('says in the banner why nobody could be asked', async () => {
    const message = 'The app has no notifier URL.';
    const last_error = { code: 'no_notifier', message, at: '2026-11-20T09:00:00.000Z' };
    const { body } = await page([
      without('asks', 'awaiting_approval', { person_needed: true, last_error }),
      without('stuck', 'stopped', { detail: message, last_error }),
    ]);
    expect(/<section id="banner-alpha-asks".*?<\/section>/s.exec(body)?.[0]).toContain(
      `<p>Last error: ${message}</p>`,
    );
    expect(/<section id="banner-alpha-stuck".*?<\/section>/s.exec(body)?.[0]).not.toContain('Last error');
  });

  it('escapes whatever it is told', async () => {
    const evil = `<script>alert("1")</script>'&`;
    const { body } = await page([
      without(evil, 'stopped', {
        detail: evil,
        broker: evil,
        environment: evil,
        sub_accounts: [evil],
        person_needed: true,
        last_error: { code: 'x', message: `${evil}2`, at: '2026-11-20T09:00:00.000Z' },
      }),
    ]);
    expect(body).not.toContain('<script>alert');
    expect(body).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;');
    expect(body).toContain('/oauth/%3Cscript%3E');
  });

  it('has no script or style in itself', async () => {
    const { body, headers } = await page([account('one')]);
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/);
    expect(headers['content-security-policy']).toContain("script-src 'self'; style-src 'self'");
  });

  it('says on a page that tries again that the accounts cannot be read', async () => {
    const answer = await page([], { accounts: () => Promise.reject(new Error('Redis is away')) });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).toContain('content="10; url=/dashboard"');
    expect(answer.body).not.toContain('Redis is away');
  });
});

describe('the verdict', () => {
  const ready = { ready: true, reasons: [], details: [] };
  it.each([
    ['All is well', 'good', [account('a'), account('b', { state: 'refreshing' }), without('c', 'disabled')]],
    [
      '1 account in trouble',
      'bad',
      [account('a'), without('b', 'expired'), without('c', 'awaiting_approval')],
    ],
    ['2 accounts in trouble', 'bad', [without('a', 'backing_off'), account('b', { state: 'stopped' })]],
    ['1 account waits for you', 'waiting', [account('a'), without('b', 'awaiting_approval')]],
    [
      '2 accounts held up, 1 waits for you',
      'waiting',
      [
        account('a', { state: 'backing_off' }),
        account('b', { state: 'due', reason: 'broker_silence' }),
        without('c', 'awaiting_approval'),
      ],
    ],
    [
      '1 account waits for you',
      'waiting',
      [
        account('a', { state: 'backing_off' }),
        account('b', { state: 'backing_off' }),
        without('c', 'awaiting_approval', { environment: 'live' }),
      ],
    ],
    [
      '2 accounts on the way',
      'waiting',
      [account('a', { state: 'backing_off' }), without('b', 'refreshing')],
    ],
    ['All is well', 'good', [account('a', { state: 'due', reason: 'due' })]],
    [
      '3 accounts on the way',
      'waiting',
      ['budget_spent', 'broker_silence', 'broker_down'].map((reason) =>
        account(reason, { state: 'due', reason }),
      ),
    ],
    ['1 account in trouble', 'bad', [without('a', 'expired', { reason: 'budget_spent' })]],
    ['No account is configured', 'waiting', []],
  ] as const)('is "%s"', (title, tone, accounts) => {
    expect(verdictOf(accounts, ready)).toMatchObject({ title, tone });
  });

  it('is the service itself where that is not ready, and says why', () => {
    const reasons = ['Redis does not answer'];
    const verdict = verdictOf([account('a')], { ready: false, reasons, details: [] });
    expect(verdict).toMatchObject({ title: 'The service is not ready', tone: 'bad' });
    expect(verdict.facts[0]).toBe('Redis does not answer.');
  });
});

describe('the assets', () => {
  it('are served to all, with a tag that spares the second time', async () => {
    const { app } = await serve(fakeDesk([]));
    for (const [file, type] of [
      ['base.css', 'text/css; charset=utf-8'],
      ['dashboard.js', 'text/javascript; charset=utf-8'],
      ['countdown.js', 'text/javascript; charset=utf-8'],
      ['bad.svg', 'image/svg+xml'],
    ] as const) {
      const url = `/assets/${file}`;
      const first = await app.inject({ url });
      expect([first.statusCode, first.headers['content-type']]).toEqual([200, type]);
      const again = await app.inject({ url, headers: { 'if-none-match': String(first.headers['etag']) } });
      expect(again.statusCode).toBe(304);
    }
    expect((await app.inject({ url: '/assets/assets.ts' })).statusCode).toBe(404);
  });
});

describe('words', () => {
  it.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min 0 s'],
    [3_600_000, '1 h 0 min'],
    [90_000_000, '1 d 1 h'],
  ])('count %i ms down as %s', (leftMs, words) => {
    expect(countdown(leftMs)).toBe(words);
  });

  it('are escaped once, and markup is kept', () => {
    expect(html`<p title="${'"'}">${html`<b>${'<'}</b>`}${['a', 1, undefined]}</p>`.markup).toBe(
      '<p title="&quot;"><b>&lt;</b>a1</p>',
    );
  });
});
