import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasNoBrowser, startBrowser, type TestBrowser } from '../support/browser.ts';
import { freshFolder } from '../support/folder.ts';
import { picture } from '../support/pictures.ts';
import { startCli, type CliProcess } from '../support/process.ts';
import { freePort } from '../support/redis.ts';

/** The walk at the beginning of docs/operating.md, as a reader goes it; it takes the pictures there. */
describe.skipIf(hasNoBrowser)('a reader of the walk, at the demo', () => {
  let browser: TestBrowser;
  let demo: CliProcess;
  let credentials: string;
  beforeAll(async () => {
    const folder = await freshFolder();
    credentials = join(folder, 'credentials.demo.json');
    const env = {
      STATE_DIR: folder,
      HTTP_PORT: String(await freePort()),
      EMBEDDED_REDIS_PORT: String(await freePort()),
    };
    [browser, demo] = await Promise.all([startBrowser(), startCli(['demo'], { env })]);
    await demo.line('/sign-in#', 60_000);
    await demo.line('Published a token for DESK_GOLF', 60_000);
  });
  afterAll(async () => {
    await browser.stop();
    demo.interrupt();
    await demo.exit();
  });

  /** What the demo's `sed` does. */
  const change = async (from: string, to: string): Promise<void> => {
    const text = await readFile(credentials, 'utf8');
    expect(text).toContain(from);
    await writeFile(credentials, text.replace(from, to));
  };
  /** The same view in the light, in the dark and on a phone. */
  const pictures = async (page: Page, name: string): Promise<void> => {
    await picture(page, name);
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, `${name}-dark`);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 390, height: 844 });
    await picture(page, `${name}-phone`);
    await page.setViewportSize({ width: 1100, height: 800 });
  };

  it('sees one account fail, finds out why and mends it, and logs another one in, in less than five minutes', async () => {
    const begun = performance.now();
    const page = await browser.open();
    await page.goto(/http:\/\/localhost:\d+\/sign-in#\S+/.exec(demo.output())?.[0] ?? '');
    await page.getByRole('heading', { level: 1, name: '1 account waits for you' }).waitFor();
    await page.getByRole('heading', { name: 'UPSTOX_DEMO waits for your login at Upstox' }).waitFor();
    await picture(page, 'walk-begin');

    expect(demo.output()).toContain(`sed -i s/made-up-golf/wrong/ ${credentials}`);
    await change('made-up-golf', 'wrong');
    await demo.line('Took up the changed credentials');
    await page.getByRole('link', { name: 'DESK_GOLF', exact: true }).click();
    const details = page.getByRole('dialog', { name: 'DESK_GOLF' });
    await details.getByRole('button', { name: 'Refresh now' }).click();
    await demo.line(/Discord would say: +🔴 SIMULATED tradovate: Tradovate does not accept this login/);
    await details.getByText('stopped', { exact: true }).waitFor();
    await details.getByText('Mended at the broker: allow one more try.').waitFor();
    await pictures(page, 'walk-details');
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { level: 1, name: '1 account in trouble' }).waitFor();
    await page.getByRole('heading', { name: 'DESK_GOLF at Tradovate is stopped' }).waitFor();
    await pictures(page, 'walk-stopped');

    await change('wrong', 'made-up-golf');
    await demo.line(/Discord would say: +🟢 SIMULATED tradovate: recovered after .*bad_credentials/);
    await page.getByText('DESK_GOLF at Tradovate is stopped').waitFor({ state: 'detached' });

    const opens = page.waitForEvent('popup');
    await page.getByRole('link', { name: 'Log in at Upstox' }).click();
    const dialog = await opens;
    const button = dialog.getByRole('button', { name: /^Log in as (?!somebody)/ });
    await button.first().click();
    await dialog.getByRole('heading', { name: 'UPSTOX_DEMO: Logged in' }).waitFor();
    await picture(dialog, 'walk-logged-in');
    await demo.line(/Discord would say: +🟢 SIMULATED upstox: recovered/);
    await page.getByRole('heading', { level: 1, name: 'All is well' }).waitFor();
    await page.getByRole('link', { name: 'DESK_GOLF', exact: true }).click();
    await details.getByText('Failed').waitFor();
    await picture(page, 'walk-mended');
    expect(performance.now() - begun).toBeLessThan(5 * 60_000);
    await page.context().close();
  });
});
