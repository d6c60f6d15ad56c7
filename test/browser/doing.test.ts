import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasNoBrowser, startBrowser, type TestBrowser } from '../support/browser.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';
import { startBench, type ServiceBench } from '../support/service.ts';
import { makeSeal } from '../../src/redis/seal.ts';
import { startSimulator, type Simulator } from '../../src/simulator/index.ts';
import { ADMIN_TOKEN, signIn } from './stage.ts';

/** What must never be in an answer, whatever it is about. */
const secrets = [ADMIN_TOKEN, 'made-up-pass-1', 'made-up-pass-2', 'made-up-app-secret', 'made-up-api-key'];

const DAY_MS = 24 * 60 * 60_000;
/** A day on which nobody is asked by itself while this runs, wherever one is. */
const otherDay = new Date(Date.now() + 3 * DAY_MS)
  .toLocaleDateString('en', { weekday: 'short', timeZone: 'UTC' })
  .toLowerCase();

describe.skipIf(hasNoBrowser)('a person at the page of a running service', () => {
  let browser: TestBrowser;
  let server: TestRedis;
  let brokers: Simulator;
  let bench: ServiceBench;
  const tokens = new Set<string>();

  /** Notes the tokens that bots read now. */
  async function noteTokens(): Promise<void> {
    for (const name of ['DESK', 'LOCKED', 'IG', 'UP', 'RING']) {
      const token = await bench.redis.get(`token:${name}`);
      if (token !== null) tokens.add(token);
    }
  }

  beforeAll(async () => {
    const port = await freePort();
    [browser, server, brokers] = await Promise.all([startBrowser(), startRedis(), startSimulator()]);
    // The broker refuses the first login; its person mends that over there, and the entry stays as it is.
    brokers.fault({ broker: 'tradovate', username: 'LOCKED', kind: 'refuse', times: 1 });
    const key = randomBytes(32);
    const webhook = makeSeal([key]).sign('webhook upstox RING').slice(0, 32);
    brokers.command('upstox', 'register', 'made-up-app-2 AB0002 https://app.example/callback');
    const notifier = `http://localhost:${port}/webhooks/upstox/${webhook}`;
    brokers.command('upstox', 'notifier', `made-up-app-2 ${notifier}`);
    bench = await startBench({
      redisUrl: server.url,
      brokers,
      env: {
        ADMIN_TOKEN,
        HTTP_PORT: String(port),
        PUBLIC_URL: `http://localhost:${port}`,
        SECRET_KEY: key.toString('base64'),
      },
      entries: [
        { username: 'DESK', password: 'made-up-pass-1', accounts: ['DESK_SUB'] },
        { username: 'LOCKED', password: 'made-up-pass-2' },
        { broker: 'ig', username: 'IG', password: 'made-up-pass-1', apiKey: 'made-up-api-key' },
        {
          broker: 'upstox',
          name: 'UP',
          clientId: 'made-up-app',
          clientSecret: 'made-up-app-secret',
          redirectUri: `http://localhost:${port}/callback`,
        },
        {
          broker: 'upstox',
          name: 'RING',
          clientId: 'made-up-app-2',
          clientSecret: 'made-up-app-secret',
          redirectUri: 'https://app.example/callback',
          userId: 'AB0002',
          approval: 'request',
          hours: { days: [otherDay], from: '08:00', to: '23:30', zone: 'Asia/Kolkata' },
        },
      ],
    });
    await bench.keys(['token:DESK', 'token:IG']);
    await bench.state('LOCKED', 'stopped');
    await bench.state('UP', 'awaiting_approval');
    await bench.state('RING', 'awaiting_approval');
  });
  afterAll(async () => {
    await browser.stop();
    await bench.stop();
    await brokers.stop();
    await server.stop();
  });

  it('mends a refused password with the button, and logs in from the banner, without reloading', async () => {
    await noteTokens();
    const page = await browser.open();
    await signIn(page, bench.service.url);
    await page.getByRole('heading', { name: 'LOCKED at Tradovate is stopped' }).waitFor();
    await page.getByRole('button', { name: 'I have changed the password: try again' }).click();
    // The file is unchanged: what would be sent and what it costs is said first, and nothing is sent.
    await page.getByRole('heading', { name: 'Send the same password of LOCKED again?' }).waitFor();
    await page.getByText('it still has the password that Tradovate refused').waitFor();
    await page
      .getByText('1 of 5 failed logins of this network in 60 min are used: 1 refused (LOCKED). 4 are left.')
      .waitFor();
    expect(brokers.calls({ broker: 'tradovate', username: 'LOCKED' })).toHaveLength(1);
    await page.getByRole('link', { name: 'Back: nothing is sent' }).click();
    await page.getByRole('button', { name: 'I have changed the password: try again' }).press('Enter');
    await page.getByRole('button', { name: 'Mended at the broker: allow one more try' }).press('Enter');
    await page.getByText('A refresh of LOCKED has been started.').waitFor();
    await page.evaluate('window.mark = "still the same page"');
    await page
      .locator('#row-tradovate-LOCKED')
      .getByText('fresh', { exact: true })
      .waitFor({ timeout: 30_000 });
    await page.getByText('LOCKED at Tradovate is stopped').waitFor({ state: 'detached' });

    const opens = page.waitForEvent('popup');
    await page.locator('#banner-upstox-UP').getByRole('link', { name: 'Log in at Upstox' }).click();
    const dialog = await opens;
    await dialog
      .getByRole('button', { name: /^Log in as (?!somebody)/ })
      .first()
      .click();
    await dialog.getByRole('heading', { name: 'UP: Logged in' }).waitFor();
    await page.locator('#row-upstox-UP').getByText('fresh', { exact: true }).waitFor({ timeout: 30_000 });
    expect(await page.evaluate('window.mark')).toBe('still the same page');
    await page.context().close();
    await noteTokens();
  });

  it('has the broker ask its person from the banner, and hears of the approval', async () => {
    const page = await browser.open();
    await signIn(page, bench.service.url);
    const banner = page.locator('#banner-upstox-RING');
    await banner.getByRole('button', { name: 'Ask for approval' }).click();
    await page.getByText('Upstox asks the person of RING now: approve it in its app by').waitFor();
    await banner.getByText('Upstox has asked: approve it in its app, or log in by the link.').waitFor();
    // Its question is open: only the other way is left.
    await banner.getByRole('button').waitFor({ state: 'detached' });
    await banner.getByRole('link', { name: 'Log in at Upstox' }).waitFor();
    expect(brokers.calls({ broker: 'upstox', operation: 'request' })).toHaveLength(1);
    brokers.command('upstox', 'approve', 'made-up-app-2');
    await page.locator('#row-upstox-RING').getByText('fresh', { exact: true }).waitFor({ timeout: 30_000 });
    await page.getByRole('heading', { name: 'All is well' }).waitFor();
    await page.getByRole('link', { name: 'RING', exact: true }).click();
    const details = page.getByRole('dialog', { name: 'RING' });
    await details.getByText('ask', { exact: true }).waitFor();
    await details.getByRole('button', { name: 'Ask for approval' }).click();
    await page.getByText('the answer came; it is told to ask again after').waitFor({ state: 'attached' });
    await page.context().close();
    await noteTokens();
  });

  it('hears of a failure and its end without reloading, also with the details open', async () => {
    const page = await browser.open();
    await signIn(page, bench.service.url);
    await page.getByRole('link', { name: 'DESK', exact: true }).click();
    const details = page.getByRole('dialog', { name: 'DESK' });
    await details.getByText('token:DESK_SUB').waitFor();
    brokers.fault({ broker: 'tradovate', username: 'DESK', kind: 'status', status: 500, times: 1 });
    await details.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('A refresh of DESK has been started.').waitFor({ state: 'attached' });
    await page.evaluate('window.mark = "still the same page"');
    await details.getByText('Last error').waitFor({ timeout: 30_000 });
    await details.getByText('Last error').waitFor({ state: 'detached', timeout: 60_000 });
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'hidden' });
    expect(await page.evaluate('window.mark')).toBe('still the same page');
    await page.context().close();
    await noteTokens();
  });

  it('has an account rest and puts it back', async () => {
    const page = await browser.open();
    await signIn(page, bench.service.url);
    await page.getByRole('link', { name: 'IG', exact: true }).click();
    const details = page.getByRole('dialog', { name: 'IG' });
    await details.getByRole('button', { name: 'Pause' }).click();
    await details.getByText('paused', { exact: true }).waitFor();
    await page.getByText('1 account out of service.').waitFor({ state: 'attached' });
    await details.getByText('A new token').first().waitFor();
    await details.getByRole('button', { name: 'Resume' }).click();
    await details.getByText('fresh', { exact: true }).waitFor({ timeout: 30_000 });
    await page.context().close();
  });

  it('is told when the service does not answer, and when it is back', async () => {
    const page = await browser.open();
    await signIn(page, bench.service.url);
    await bench.service.stop();
    await page.getByText('The service does not answer.').waitFor({ timeout: 30_000 });
    expect(await page.title()).toBe('No answer · token-refresher');
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(0);
    await bench.restart();
    await page.getByText('The service does not answer.').waitFor({ state: 'hidden', timeout: 30_000 });
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.context().close();
  });

  it('never gets a token or a secret', () => {
    const ours = browser.bodies.filter(({ url }) => new URL(url).port === new URL(bench.service.url).port);
    expect(ours.length).toBeGreaterThan(20);
    expect(tokens.size).toBeGreaterThan(3);
    for (const { url, text } of ours) {
      for (const secret of [...tokens, ...secrets]) expect(text.includes(secret), url).toBe(false);
    }
  });
});
