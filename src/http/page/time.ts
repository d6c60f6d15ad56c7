import { moment as words } from '../../core/day.ts';
import type { AccountStatus } from '../../core/status.ts';
import { countdown, lifeTone } from './countdown.js';
import { html, type Html } from './html.ts';

export interface UntilWords {
  readonly lead: string;
  /** Said once it is over. */
  readonly past: string;
}

/** Time until `instant`, kept moving by the page's script. `lifeMs`: coloured by what is left of such a life. */
export function until(instant: string, now: number, words: UntilWords, lifeMs?: number): Html {
  const at = Date.parse(instant);
  const text = at > now ? words.lead + countdown(at - now) : words.past;
  return html`<time
    ${lifeMs === undefined ? undefined : html`class="${lifeTone(at - now, lifeMs)}" data-life="${lifeMs}"`}
    datetime="${instant}"
    data-until="${at}"
    data-lead="${words.lead}"
    data-past="${words.past}"
    >${text}</time
  >`;
}

/** A moment that is over. */
export function ago(instant: string, now: number): Html {
  const at = Date.parse(instant);
  return html`<time datetime="${instant}" data-since="${at}">${countdown(now - at)} ago</time>`;
}

/** An instant to read, to the minute: `Fri 20 Nov 10:42 UTC`. */
export function moment(instant: string): Html {
  return html`<time datetime="${instant}">${words(Date.parse(instant))}</time>`;
}

/** What is left of an account's token, as words and as a bar. */
export function timeLeft(account: AccountStatus, now: number): Html {
  if (account.expiry_time === null) return html`<span class="time none">no token</span>`;
  const expiresAt = Date.parse(account.expiry_time);
  const issuedAt = account.issued_at === null ? expiresAt : Date.parse(account.issued_at);
  const life = Math.max(0, expiresAt - issuedAt);
  const bar =
    life > 0
      ? html`<progress
          class="${lifeTone(expiresAt - now, life)}"
          max="${life}"
          value="${Math.max(0, expiresAt - now)}"
          data-until="${expiresAt}"
          data-life="${life}"
          aria-hidden="true"
        ></progress>`
      : undefined;
  return html`<span class="time"
      >${until(account.expiry_time, now, { lead: 'good for ', past: 'run out' }, life)}</span
    >${bar}`;
}
