import type { HttpContext } from '../context.ts';
import type { ConsentOutcome } from '../desk.ts';
import type { Assets } from './assets.ts';
import { html } from './html.ts';
import type { Tone } from './layout.ts';
import { noticePage } from './notice.ts';
import type { Page } from './send.ts';

/** The page behind a link in an alert: one button, which does what the link is for. */
export function ticketPage(
  assets: Assets,
  link: { readonly title: string; readonly name: string; readonly ticket: string },
): Page {
  return noticePage(assets, {
    tone: 'waiting',
    title: `Log in at ${link.title}`,
    text: `The account ${link.name} needs your login to get its next token. You come back here afterwards.`,
    form: true,
    more: html`<form method="post">
      <input type="hidden" name="ticket" value="${link.ticket}" /><button class="button">
        Log in at ${link.title}
      </button>
    </form>`,
  });
}

const headings: Readonly<Record<ConsentOutcome['outcome'], { readonly tone: Tone; readonly title: string }>> =
  {
    done: { tone: 'good', title: 'Logged in' },
    'handed-over': { tone: 'waiting', title: 'The login came back' },
    'unknown-state': { tone: 'waiting', title: 'This login is not under way' },
    'someone-else': { tone: 'bad', title: 'That was another user’s login' },
    'not-served': { tone: 'waiting', title: 'Not logged in' },
    'broker-failed': { tone: 'bad', title: 'The broker did not give a token' },
    'not-now': { tone: 'waiting', title: 'Not now' },
  };

/** The page at the end of a browser login. */
export function arrivalPage(
  { assets, publicUrl, pageUrl }: Pick<HttpContext, 'assets' | 'publicUrl' | 'pageUrl'>,
  outcome: ConsentOutcome,
): Page {
  const { tone, title } = headings[outcome.outcome];
  const closes = outcome.outcome === 'done' || outcome.outcome === 'handed-over';
  const again = 'again' in outcome ? outcome.again : undefined;
  return noticePage(assets, {
    tone,
    title: 'name' in outcome ? `${outcome.name}: ${title}` : title,
    text: outcome.message,
    closes,
    // It may be a command's that cannot be heard here: the address is then what has to be pasted. Or it is to be loaded again.
    keepsAddress: outcome.outcome === 'unknown-state' || ('reload' in outcome && outcome.reload),
    more: html`${again === undefined ? undefined : html`<p><a class="button" href="${new URL(again, publicUrl).href}">Start again</a></p>`}${closes ? html`<p class="quiet">This page closes by itself; where the browser keeps it open, close it.</p>` : undefined}
      <p><a href="${new URL('/dashboard', pageUrl).href}">All accounts</a></p>`,
  });
}
