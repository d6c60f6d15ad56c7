import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { until } from './poll.ts';

const DOCS = join(import.meta.dirname, '../../docs/pictures');

/** What of a page is the page's own: where a dialog is open, that one. Names and states of accounts are left out. */
const WORDS = [
  'h1',
  'h2',
  'h3',
  'button',
  'a.button',
  'summary',
  'th[scope=col]',
  'dt',
  'label',
  '.banner p',
  '.ways li',
  '.notice p',
].join(', ');

/**
 * Takes the picture of the window, where PICTURES names a folder for them, and keeps the page's words beside it. Without
 * PICTURES the words are held against those of docs/pictures: a picture that is older than the page is noticed.
 */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['PICTURES'];
  // The same page in the dark or on a phone has the same words.
  const isVariant = /-(?:dark|phone)$/.test(name);
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`) });
    if (!isVariant) await writeFile(join(folder, `${name}.txt`), `${await wordsOf(page)}\n`);
    return;
  }
  if (isVariant) return;
  const kept = (await readFile(join(DOCS, `${name}.txt`), 'utf8')).trimEnd();
  await until(
    async () => {
      const words = await wordsOf(page);
      if (words === kept) return true;
      throw new Error(`the page has "${beyond(words, kept)}", the picture "${beyond(kept, words)}"`);
    },
    { what: `docs/pictures/${name}.png to be of this page; else take it anew (CONTRIBUTING.md), and look` },
  );
}

/** The lines of `these` that `those` lack. */
const beyond = (these: string, those: string): string =>
  these
    .split('\n')
    .filter((line) => !those.split('\n').includes(line))
    .join(' | ');

/** Each once, in the order of the page, without what changes from one second or day to the next. */
async function wordsOf(page: Page): Promise<string> {
  const texts: unknown = await page.evaluate(
    `[...(document.querySelector('dialog[open]') ?? document.body).querySelectorAll('${WORDS}')].filter((each) => each.checkVisibility()).map((each) => each.textContent)`,
  );
  const lines = (Array.isArray(texts) ? texts : []).map((text) =>
    String(text)
      .replaceAll(/\s+/g, ' ')
      .trim()
      .replaceAll(/[A-Z][a-z]{2} \d+ [A-Z][a-z]{2} \d\d:\d\d/g, '#')
      .replaceAll(/\d+ (?:d|h|min|s)\b(?: \d+ (?:h|min|s)\b)?/g, '#')
      .replaceAll(/\d+/g, '#'),
  );
  return [...new Set(lines.filter((line) => line !== ''))].join('\n');
}
