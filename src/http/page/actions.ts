import { momentAfter } from '../../core/day.ts';
import type { AccountStatus } from '../../core/status.ts';
import { isAskedNow, loginLink } from './account.ts';
import { addressOf, type Filter } from './filter.ts';
import { html, type Html } from './html.ts';

/** The button for what a stopped account waits for; undefined where another one is the way. */
export function tryAgain(account: AccountStatus, filter: Filter, id: string): Html | undefined {
  if (account.state !== 'stopped' || account.person_needed) return undefined;
  // Its answer is a question first: where the file were another one, it would have been tried by itself.
  return html`<form method="get" action="${actTo(account, 'try-again')}">
    <input type="hidden" name="back" value="${addressOf(filter)}" />
    <button class="button" id="${id}-${account.broker}-${account.name}">
      I have changed the password: try again
    </button>
  </form>`;
}

/**
 * The button that has the broker ask the account's person; undefined where it asks nobody, or its question is open
 * still. `look`: of a button.
 */
export function askForApproval(
  account: AccountStatus,
  filter: Filter,
  { id, look }: { readonly id: string; readonly look: string },
): Html | undefined {
  const isServed = !['disabled', 'paused', 'stopped', 'refreshing'].includes(account.state);
  if (!account.can_be_asked || !isServed || isAskedNow(account)) return undefined;
  const button = html`<button class="${look}" id="${id}-${account.broker}-${account.name}">
    Ask for approval
  </button>`;
  return formTo(account, filter, 'ask', button);
}

/** The button that has an account refreshed now, whatever the schedule says. */
export const refreshNow = (
  account: AccountStatus,
  filter: Filter,
  {
    id,
    look,
    words = 'Refresh now',
  }: { readonly id: string; readonly look: string; readonly words?: string },
): Html =>
  formTo(
    account,
    filter,
    'refresh',
    html`<button class="${look}" id="${id}-${account.broker}-${account.name}">${words}</button>`,
  );

/** Everything that a person can do for an account here. */
export function actionsFor(account: AccountStatus, title: string, filter: Filter): Html {
  const again = tryAgain(account, filter, 'again');
  const login = account.person_needed
    ? loginLink(account, 'panel-login', 'button', `Log in at ${title}${account.valid ? ' again' : ''}`)
    : undefined;
  const ask = askForApproval(account, filter, { id: 'ask', look: account.valid ? 'button minor' : 'button' });
  const canRefresh = !account.person_needed && !['stopped', 'disabled', 'paused'].includes(account.state);
  const until = account.no_refresh_before;
  const refresh = !canRefresh
    ? undefined
    : until === null
      ? refreshNow(account, filter, { id: 'refresh', look: 'button minor' })
      : html`<p class="quiet">No refresh is taken before ${momentAfter(Date.parse(until))}.</p>`;
  return html`<div class="actions">${ask} ${login} ${again} ${refresh} ${restsOf(account, filter)}</div>`;
}

const rests = [
  ['2h', 'for 2 hours'],
  ['12h', 'for 12 hours'],
  ['3d', 'for 3 days'],
  ['', 'until resumed'],
] as const;

/** Having an account rest, putting it back, and ending its session. */
function restsOf(account: AccountStatus, filter: Filter): Html | undefined {
  if (account.state === 'disabled') return undefined;
  const id = `${account.broker}-${account.name}`;
  const pause = html`${formTo(
    account,
    filter,
    'pause',
    html`<button class="button minor" id="pause-${id}">Pause</button>
      <select name="for" aria-label="How long it rests" id="pause-for-${id}">
        ${rests.map(([value, words]) => html`<option value="${value}">${words}</option>`)}
      </select>`,
  )}`;
  const resume = formTo(
    account,
    filter,
    'resume',
    html`<button class="button" id="resume-${id}">Resume</button>`,
  );
  const logout = html`<details id="logout-${id}">
    <summary>Log out …</summary>
    <p>
      Its session is ended where the broker has a call for that, its keys are removed at once, and it rests
      until somebody resumes it.
    </p>
    ${formTo(account, filter, 'logout', html`<button class="button danger" id="logout-now-${id}">Log ${account.name} out</button>`)}
  </details>`;
  return html`${account.state === 'paused' ? resume : pause} ${logout}`;
}

const actTo = ({ name }: Pick<AccountStatus, 'name'>, act: string): string =>
  `/accounts/${encodeURIComponent(name)}/${act}`;

/** A plain form: it works without scripts, and leads back to the same view. */
function formTo(account: AccountStatus, filter: Filter, act: string, inside: Html): Html {
  return html`<form method="post" action="${actTo(account, act)}">
    <input type="hidden" name="back" value="${addressOf(filter)}" />
    ${inside}
  </form>`;
}
