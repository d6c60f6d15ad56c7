import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { track } from './leaks.ts';

/** The browser of this machine: CHROMIUM_PATH, or `chromium` on PATH; undefined where there is none. */
export const chromiumPath = process.env['CHROMIUM_PATH'] || onPath(['chromium', 'chromium-browser']);

/** True where tests in a browser cannot run and need not: with REQUIRE_CHROMIUM=1 they fail instead. */
export const hasNoBrowser = chromiumPath === undefined && process.env['REQUIRE_CHROMIUM'] !== '1';

if (hasNoBrowser) console.log('no chromium on PATH or at CHROMIUM_PATH: the tests in a browser are skipped');

function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface TestBrowser {
  /** A window of its own, with no cookie. Whatever answers it gets is kept in `bodies`. */
  open(options?: Look): Promise<Page>;
  /** Every answer body that a window got, with its address. */
  readonly bodies: readonly { readonly url: string; readonly text: string }[];
  stop(): Promise<void>;
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly scripts?: boolean;
}

export async function startBrowser(): Promise<TestBrowser> {
  if (chromiumPath === undefined)
    throw new Error('REQUIRE_CHROMIUM=1, and there is no chromium: install it, or set CHROMIUM_PATH');
  const browser: Browser = await chromium.launch({
    executablePath: chromiumPath,
    // In a container it may be root, and has little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  const bodies: { url: string; text: string }[] = [];
  const untrack = track('a browser', () => browser.close());
  return {
    bodies,
    async open({ width = 1100, height = 800, dark = false, scripts = true } = {}) {
      const context: BrowserContext = await browser.newContext({
        viewport: { width, height },
        colorScheme: dark ? 'dark' : 'light',
        javaScriptEnabled: scripts,
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      context.on('response', (response) => {
        if (response.headers()['content-type']?.startsWith('text/event-stream')) return;
        response.text().then(
          (text) => bodies.push({ url: response.url(), text }),
          () => undefined,
        );
      });
      return page;
    },
    async stop() {
      untrack();
      await browser.close();
    },
  };
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What a check of accessibility finds wrong, in one line each. The page's policy does not count for it. */
export async function violations(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setBypassCSP', { enabled: true });
  await page.reload();
  await page.addScriptTag({ path: axe });
  const found: unknown = await page.evaluate(
    'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html + " " + node.failureSummary).join(" | ")}`))',
  );
  await session.send('Page.setBypassCSP', { enabled: false });
  return Array.isArray(found) ? found.map(String) : ['no answer of axe'];
}
