import { html, type Html } from './html.ts';

/** How something stands: well, on its way or with a person, in trouble, out of service. */
export type Tone = 'good' | 'waiting' | 'bad' | 'idle';

const marks: Readonly<Record<Tone, string>> = { good: '✓', waiting: '…', bad: '!', idle: '–' };

/** A round sign for a tone; its shape tells it from the others too, not the colour alone. */
export function mark(tone: Tone): Html {
  return html`<span class="mark ${tone}" aria-hidden="true">${marks[tone]}</span>`;
}

/** A page that loads its style and script from /assets. `head` comes after those. */
export function htmlDocument(title: string, head: Html, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="stylesheet" href="/assets/base.css" />
        ${head}
      </head>
      ${body}
    </html> `;
}
