import { cspOfNotice } from '../headers.ts';
import type { Assets } from './assets.ts';
import { html, ownFile, type Html } from './html.ts';
import { mark, type Tone } from './layout.ts';
import type { Page } from './send.ts';

export interface Notice {
  readonly tone: Tone;
  readonly title: string;
  readonly text: string | Html;
  /** What stands below the text: a link, a form. */
  readonly more?: Html;
  /** True: the browser is asked to close the page. */
  readonly closes?: boolean;
  /** True: the address stays as it is, for somebody to copy. */
  readonly keepsAddress?: boolean;
  /** True where `more` has a form; `self` where its answer does not lead to a broker. */
  readonly form?: boolean | 'self';
  /** Where the browser goes by itself, and after how long. */
  readonly refresh?: { readonly seconds: number; readonly path: string };
}

/**
 * A page with one thing to say. It carries its style and script in itself, because the listeners of browser
 * logins answer nothing else that it could load them from.
 */
export function noticePage({ notice: look }: Assets, notice: Notice): Page {
  const { refresh } = notice;
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${refresh && html`<meta http-equiv="refresh" content="${refresh.seconds}; url=${refresh.path}" />`}
        <title>${notice.title} · token-refresher</title>
        ${ownFile('style', look.style)}
      </head>
      <body
        class="notice"
        ${notice.closes === true ? html`data-closes` : undefined}
        ${notice.keepsAddress === true ? html`data-keeps-address` : undefined}
      >
        <main>
          ${mark(notice.tone)}
          <h1>${notice.title}</h1>
          <p>${notice.text}</p>
          ${notice.more}
        </main>
        ${ownFile('script', look.script)}
      </body>
    </html> `;
  return { markup, csp: cspOfNotice(look.hashes, notice.form ?? false) };
}

/**
 * Sends the browser to one of our own pages as if from ours. A link in a chat program brings no `SameSite=Strict`
 * cookie with it; after this hop it does, and whoever is signed in need not sign in again.
 */
export function bouncePage(assets: Assets, path: string): Page {
  return noticePage(assets, {
    tone: 'waiting',
    title: 'One moment',
    text: 'The page opens by itself.',
    more: html`<p><a href="${path}">Open it now</a></p>`,
    refresh: { seconds: 0, path },
  });
}
