import type { AccountStatus } from '../../core/status.ts';
import { countdown } from './countdown.js';
import { html, type Html } from './html.ts';
import { awaitsPerson, toneOf } from './verdict.ts';

/** Time until `instant`, kept moving by the page's script. `past` is said once it is over. */
export function until(
  instant: string,
  now: number,
  words: { readonly lead: string; readonly past: string },
): Html {
  const at = Date.parse(instant);
  const text = at > now ? words.lead + countdown(at - now) : words.past;
  return html`<time
    datetime="${instant}"
    data-until="${at}"
    data-lead="${words.lead}"
    data-past="${words.past}"
    >${text}</time
  >`;
}

/** An account's state as a word. */
export function stateWord(account: AccountStatus): string {
  return account.state.replaceAll('_', ' ');
}

/** Where the browser login of an account begins. */
export function loginPath(account: AccountStatus): string {
  return `/oauth/${encodeURIComponent(account.broker)}/${encodeURIComponent(account.name)}`;
}

/** One line of the list. Roles are spelled out, because the phone's layout takes them from a table. */
export function accountRow(account: AccountStatus, now: number, title: string): Html {
  const error = account.last_error;
  const aliases = account.sub_accounts.length === 0 ? undefined : `also ${account.sub_accounts.join(', ')}`;
  return html`<tr role="row" class="${toneOf(account)}">
    <th role="rowheader" scope="row">
      <span class="name">${account.name}</span>
      <span class="quiet">${account.environment}${aliases && html` · ${aliases}`}</span>
    </th>
    <td role="cell" class="state">
      <span class="chip ${toneOf(account)}">${stateWord(account)}</span>
      <span class="why">${account.message}</span>
      ${error && error.message !== account.message ? html`<span class="quiet">Last error: ${error.message}</span>` : undefined}
    </td>
    <td role="cell" class="left">
      ${timeLeft(account, now)}${nextStep(account, now)}${loginAgain(account, title)}
    </td>
  </tr> `;
}

/** A call to the person an account waits for. */
export function banner(account: AccountStatus, title: string): Html {
  const { tone, heading } =
    account.state === 'stopped'
      ? { tone: 'bad', heading: `${account.name} at ${title} is stopped` }
      : { tone: 'waiting', heading: `${account.name} waits for your login at ${title}` };
  const button = account.person_needed
    ? html`<a
        class="button"
        id="login-${account.broker}-${account.name}"
        target="_blank"
        rel="noopener"
        href="${loginPath(account)}"
        >Log in at ${title}</a
      >`
    : undefined;
  return html`<section class="banner ${tone}">
    <div>
      <h2>${heading}</h2>
      <p>${account.message}</p>
    </div>
    ${button}
  </section> `;
}

function timeLeft(account: AccountStatus, now: number): Html {
  if (account.expiry_time === null) return html`<span class="time none">no token</span>`;
  const expiresAt = Date.parse(account.expiry_time);
  const life = account.issued_at === null ? 0 : expiresAt - Date.parse(account.issued_at);
  const bar =
    life > 0
      ? html`<progress
          max="${life}"
          value="${Math.max(0, expiresAt - now)}"
          data-until="${expiresAt}"
          aria-hidden="true"
        ></progress>`
      : undefined;
  return html`<span class="time"
      >${until(account.expiry_time, now, { lead: 'good for ', past: 'run out' })}</span
    >${bar}`;
}

function nextStep(account: AccountStatus, now: number): Html | undefined {
  if (account.next_refresh === null) return undefined;
  const what = account.state === 'awaiting_approval' ? 'asks again' : 'next refresh';
  return html`<span class="quiet"
    >${what} ${until(account.next_refresh, now, { lead: 'in ', past: 'now' })}</span
  >`;
}

/** A login is possible at any time, also where the token is still good. */
function loginAgain(account: AccountStatus, title: string): Html | undefined {
  if (!account.person_needed || awaitsPerson(account)) return undefined;
  return html`<a
    class="again"
    id="again-${account.broker}-${account.name}"
    target="_blank"
    rel="noopener"
    href="${loginPath(account)}"
    >Log in at ${title} again</a
  >`;
}
