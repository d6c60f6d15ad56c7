import type { AccountStatus } from '../../core/status.ts';
import type { LastDay } from '../../core/last-day.ts';
import { addressOf, type Filter } from './filter.ts';
import { smallStrip } from './history.ts';
import { html, type Html } from './html.ts';
import { ago, timeLeft, until } from './time.ts';
import { awaitsPerson, toneOf } from './verdict.ts';

/** So many other names of a login are shown in its line. */
const NAMED = 3;

/** An account's state as a word. */
export const stateWord = (account: Pick<AccountStatus, 'state'>): string =>
  account.state.replaceAll('_', ' ');

/** Where the browser login of an account begins. */
export function loginPath(account: AccountStatus): string {
  return `/oauth/${encodeURIComponent(account.broker)}/${encodeURIComponent(account.name)}`;
}

/** What the page calls an account's line. */
export const rowId = (account: AccountStatus): string => `row-${account.broker}-${account.name}`;

/** True while the broker's question to the person is open: it is not asked again. */
export const isAskedNow = ({ state, reason }: AccountStatus): boolean =>
  state === 'awaiting_approval' && reason === 'asked';

/** The reason in words, for somebody who sees the time left beside it. */
export function reasonOf(account: AccountStatus, title: string): string | null {
  if (account.state !== 'awaiting_approval') return account.detail;
  return isAskedNow(account)
    ? `${title} has asked: approve it in its app, or log in by the link.`
    : `Nobody has logged in at ${title} for the next token yet.`;
}

export interface RowFacts {
  readonly title: string;
  readonly filter: Filter;
  /** Undefined where it could not be read. */
  readonly lastDay: LastDay | undefined;
  readonly now: number;
}

/** The last error in words, where the reason does not say it already. */
export function errorBeside(account: AccountStatus, title: string): string | undefined {
  const said = account.last_error?.message;
  return said === undefined || (reasonOf(account, title) ?? '').includes(said) ? undefined : said;
}

/** One line of the list. Roles are spelled out, because the phone's layout takes them from a table. */
export function accountRow(account: AccountStatus, { title, filter, lastDay, now }: RowFacts): Html {
  const reason = reasonOf(account, title);
  const more = errorBeside(account, title);
  return html`<tr id="${rowId(account)}" role="row" class="${toneOf(account)}">
    <th role="rowheader" scope="row">
      <a
        class="name"
        id="open-${account.broker}-${account.name}"
        data-open
        href="${addressOf(filter, { account: account.name })}"
        >${account.name}</a
      >
      <span class="quiet">${account.environment}${alsoNamed(account)}</span>
    </th>
    <td role="cell" class="state">
      <span class="chip ${toneOf(account)}">${stateWord(account)}</span>
      ${reason === null ? undefined : html`<span class="why">${reason}</span>`}
      ${more === undefined ? undefined : html`<span class="quiet">Last error: ${more}</span>`}
    </td>
    <td role="cell" class="left">${timeLeft(account, now)}${loginAgain(account, title)}</td>
    <td role="cell" class="steps">${lastStep(account, now)} ${nextStep(account, now)}</td>
    <td role="cell" class="day">${lastDay && smallStrip(lastDay)}</td>
  </tr>`;
}

function alsoNamed({ sub_accounts: names }: AccountStatus): string {
  if (names.length === 0) return '';
  const others = names.length - NAMED;
  return ` · also ${names.slice(0, NAMED).join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

function lastStep({ last_refresh: last }: AccountStatus, now: number): Html | undefined {
  return last === null ? undefined : html`<span class="quiet">refreshed ${ago(last, now)}</span>`;
}

/** What happens next to an account, and when. */
function nextStep(account: AccountStatus, now: number): Html | undefined {
  if (account.next_refresh === null) return undefined;
  const what =
    account.state === 'awaiting_approval' ? 'asks again' : html`next <span class="word">refresh</span>`;
  return html`<span class="quiet"
    >${what} ${until(account.next_refresh, now, { lead: 'in ', past: 'now' })}</span
  >`;
}

/** The way to a login in the browser. `id`: what the page calls the link. */
export function loginLink(account: AccountStatus, id: string, look: string, words: string): Html {
  return html`<a
    class="${look}"
    id="${id}-${account.broker}-${account.name}"
    target="_blank"
    rel="noopener"
    href="${loginPath(account)}"
    >${words}</a
  >`;
}

/** A login is possible at any time, also where the token is still good. */
function loginAgain(account: AccountStatus, title: string): Html | undefined {
  if (!account.person_needed || awaitsPerson(account)) return undefined;
  return loginLink(account, 'again', 'again', `Log in at ${title} again`);
}
