import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpServer } from '../../src/http/server.ts';
import { hasNoBrowser, startBrowser, violations, type Look, type TestBrowser } from '../support/browser.ts';
import { busyDay, busyDays, busyDesk, busyPlan } from '../support/desks.ts';
import { picture } from '../support/pictures.ts';
import { until } from '../support/poll.ts';
import { serveDesk, signIn } from './stage.ts';

const looks: Readonly<Record<string, Look>> = {
  light: {},
  dark: { dark: true },
  phone: { width: 390, height: 844 },
};

describe.skipIf(hasNoBrowser)('the pages in a browser', () => {
  let browser: TestBrowser;
  let few: HttpServer;
  let many: HttpServer;
  beforeAll(async () => {
    browser = await startBrowser();
    const at = Date.now();
    few = await serveDesk(busyDesk(at, 8), {
      plan: async () => busyPlan(at),
      explain: async (name) => busyDay(at, name),
      lastDays: async (names) => busyDays(names),
    });
    many = await serveDesk(busyDesk(at, 1_000), { lastDays: async (names) => busyDays(names) });
  });
  afterAll(async () => {
    await browser.stop();
    await Promise.all([few.stop(), many.stop()]);
  });

  it.each(Object.entries(looks))('have no fault of accessibility: %s', async (name, look) => {
    const page = await browser.open(look);
    const wide = look.width ?? 1_100;
    const ticket = `${few.url}/oauth/gamma/GAMMA_ONE?ticket=good-ticket`;
    for (const path of ['/dashboard', ticket, '/callback?code=made-up&state=made-up']) {
      await page.goto(new URL(path, few.url).href);
      expect(await violations(page), path).toEqual([]);
    }
    await signIn(page, few.url);
    for (const query of [
      '',
      '?account=ALPHA_LATE',
      '?account=ALPHA_WRONG',
      '?q=nothing+like+it',
      '?account=GONE',
    ]) {
      await page.goto(`${few.url}/dashboard${query}`);
      expect(await violations(page), query).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(wide);
      // The details have a scroll of their own.
      expect(await page.evaluate('panel.scrollWidth <= panel.clientWidth'), query).toBe(true);
      if (query === '') await picture(page, name === 'light' ? 'page' : `page-${name}`);
      if (!query.includes('LATE') || name === 'dark') continue;
      await picture(page, name === 'light' ? 'details' : `details-${name}`);
      await page.getByText('Earlier days').scrollIntoViewIfNeeded();
      await picture(page, name === 'light' ? 'details-below' : `details-below-${name}`);
    }
    await page.goto(`${few.url}/accounts/ALPHA_WRONG/try-again`);
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(wide);
    await picture(page, name === 'light' ? 'try-again' : `try-again-${name}`);
    await page.context().close();
  });

  it('say at one glance that all is well, or what is not', async () => {
    const well = await serveDesk(busyDesk(Date.now(), 62).slice(-4));
    const page = await browser.open({ height: 420 });
    await signIn(page, well.url);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('All is well');
    expect(await page.title()).toBe('All is well · token-refresher');
    await picture(page, 'all-is-well');
    // The same admin token: the cookie is good there too.
    await page.goto(`${few.url}/dashboard`);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('1 account in trouble');
    await page.context().close();
    await well.stop();
  });

  it('colour the time left: green, orange, red, gone', async () => {
    const page = await browser.open();
    await signIn(page, few.url);
    await page.locator('#timeline').scrollIntoViewIfNeeded();
    await picture(page, 'limits');
    const tone = (name: string) => page.locator(`#row-${name} .time time`).getAttribute('class');
    expect(await tone('alpha-ALPHA_MAIN')).toBe('good');
    expect(await tone('gamma-GAMMA_TWO')).toBe('good');
    expect(await tone('alpha-ALPHA_HALF')).toBe('waiting');
    expect(await tone('alpha-ALPHA_LATE')).toBe('bad');
    await page.context().close();
  });

  it('never say that all is well while nobody knows, and say why that is', async () => {
    const accounts = busyDesk(Date.now(), 62).slice(-4);
    let isAway = false;
    const desk = await serveDesk(accounts, {
      accounts: async () => {
        if (isAway) throw new Error('Connection is closed.');
        return accounts;
      },
    });
    const page = await browser.open();
    await signIn(page, desk.url);
    const well = page.getByRole('heading', { name: 'All is well' });
    await well.waitFor();
    isAway = true;
    await page
      .getByText(/^Redis does not answer\. Look at Redis.* What you see is of \d\d:\d\d:\d\d UTC/)
      .waitFor();
    await well.waitFor({ state: 'hidden' });
    expect(await page.title()).toBe('No answer · token-refresher');
    isAway = false;
    await well.waitFor();
    // The details lie above the list: what they show is old, too.
    await page.getByRole('row').getByRole('link').first().click();
    const details = page.getByRole('dialog');
    await details.waitFor();
    isAway = true;
    await details.getByText(/^Redis does not answer\./).waitFor();
    isAway = false;
    await details.getByText(/^Redis does not answer\./).waitFor({ state: 'detached' });
    isAway = true;
    await page.reload();
    await page.getByRole('heading', { name: 'The service is not ready' }).waitFor();
    await page.getByText('This page tries again by itself every 10 s.').waitFor();
    isAway = false;
    await page.goto(`${desk.url}/dashboard`);
    await well.waitFor();
    await page.context().close();
    await desk.stop();
  });

  it('are there at once for a thousand accounts, and find one of them', async () => {
    const page = await browser.open();
    await signIn(page, many.url);
    const before = performance.now();
    await page.goto(`${many.url}/dashboard`);
    await page.getByRole('row').first().waitFor({ state: 'attached' });
    expect(performance.now() - before).toBeLessThan(3_000);
    await picture(page, 'thousand');
    await page.goto(`${many.url}/dashboard?broker=alpha`);
    expect(await page.locator('tbody tr').count()).toBe(100);
    await page.getByRole('link', { name: 'next page' }).click();
    await page.getByText('Page 2 of').waitFor();
    await page.getByLabel('Find').fill('desk_0778');
    await page.locator('#row-alpha-DESK_0778').waitFor();
    await page.getByText('1 of 1000 accounts.').waitFor();
    expect(page.url()).toContain('q=desk_0778');
    expect(await page.locator('tbody tr').count()).toBe(1);
    // It is typed on, whatever the page was told meanwhile.
    expect(await page.evaluate('document.activeElement.id')).toBe('q');
    await page.getByLabel('Find').fill('');
    await page.getByLabel('Broker').selectOption('');
    await page.getByLabel('State').selectOption('person');
    await page.locator('#row-gamma-GAMMA_ONE').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(2);
    await page.reload();
    expect(await page.getByLabel('State').inputValue()).toBe('person');
    await page.context().close();
  });

  it('are walked through without a mouse', async () => {
    const page = await browser.open();
    await signIn(page, few.url);
    const focused = (): Promise<string> => page.evaluate('document.activeElement.id');
    const tabTo = async (id: string): Promise<void> => {
      for (let i = 0; i < 30 && (await focused()) !== id; i += 1) await page.keyboard.press('Tab');
      expect(await focused()).toBe(id);
    };
    await tabTo('try-alpha-ALPHA_WRONG');
    await page.keyboard.press('Enter');
    // The way back comes first: nothing is sent by two presses of one key.
    await page.getByRole('heading', { name: 'Send the same password of ALPHA_WRONG again?' }).waitFor();
    await tabTo('try-back');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await tabTo('login-gamma-GAMMA_ONE');
    await tabTo('q');
    await page.keyboard.type('half');
    await page.getByText('1 of 8 accounts.').waitFor();
    await tabTo('open-alpha-ALPHA_HALF');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'ALPHA_HALF' });
    await dialog.waitFor();
    expect(page.url()).toContain('account=ALPHA_HALF');
    await tabTo('refresh-alpha-ALPHA_HALF');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    // The address and the focus follow in the event after it.
    await until(() => !page.url().includes('account'), { what: 'the address to be the list’s' });
    await until(async () => (await focused()) === 'open-alpha-ALPHA_HALF', { what: 'the focus to be back' });
    await page.goBack();
    await dialog.waitFor();
    await page.getByRole('link', { name: 'Close' }).press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await tabTo('open-alpha-ALPHA_HALF');
    await page.keyboard.press('Enter');
    await tabTo('refresh-alpha-ALPHA_HALF');
    await page.keyboard.press('Enter');
    await page.getByText('A refresh of ALPHA_HALF starts.').waitFor();
    await until(() => !page.url().includes('said'), { what: 'the address to be one for a bookmark' });
    await page.context().close();
  });

  it('let go of what a button said, but not while the focus is on it', async () => {
    const page = await browser.open();
    await page.clock.install();
    await signIn(page, few.url);
    await page.getByRole('button', { name: 'try again' }).click();
    await page.getByRole('button', { name: 'Mended at the broker: allow one more try' }).click();
    const said = page.getByText('A refresh of ALPHA_WRONG starts.');
    await said.waitFor();
    await page.clock.fastForward(16_000);
    expect(await said.count()).toBe(1);
    await page.keyboard.press('Tab');
    await said.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('work without scripts', async () => {
    const page = await browser.open({ scripts: false });
    await page.goto(`${few.url}/dashboard`);
    await signIn(page, few.url);
    await page.getByLabel('Find').fill('half');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('1 of 8 accounts.').waitFor();
    await page.getByRole('link', { name: 'ALPHA_HALF' }).click();
    await page.getByRole('heading', { name: 'ALPHA_HALF' }).waitFor();
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('A refresh of ALPHA_HALF starts.').waitFor();
    await page.getByRole('link', { name: 'Close' }).click();
    await page.getByText('1 of 8 accounts.').waitFor();
    await page.getByRole('button', { name: 'I have changed the password: try again' }).click();
    await page.getByRole('button', { name: 'Mended at the broker: allow one more try' }).click();
    await page.getByText('A refresh of ALPHA_WRONG starts.').waitFor();
    await page.getByText('1 of 8 accounts.').waitFor();
    expect(await page.getByRole('heading', { name: 'ALPHA_HALF' }).count()).toBe(0);
    await page.context().close();
  });
});
