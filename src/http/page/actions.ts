import type { AccountStatus } from '../../core/status.ts';
import { loginLink } from './account.ts';
import { addressOf, type Filter } from './filter.ts';
import { html, type Html } from './html.ts';

/** The button for what a stopped account waits for; undefined where another one is the way. */
export function tryAgain(account: AccountStatus, filter: Filter, id: string): Html | undefined {
  if (account.state !== 'stopped' || account.person_needed) return undefined;
  return refreshForm(account, filter, {
    id,
    rearm: true,
    look: 'button',
    words: 'I have changed the password: try again',
  });
}

/** Everything that a person can do for an account here. */
export function actionsFor(account: AccountStatus, title: string, filter: Filter): Html {
  const again = tryAgain(account, filter, 'again');
  const login = account.person_needed
    ? loginLink(account, 'panel-login', 'button', `Log in at ${title}${account.valid ? ' again' : ''}`)
    : undefined;
  const canRefresh = !account.person_needed && !['stopped', 'disabled', 'paused'].includes(account.state);
  const refresh = canRefresh
    ? refreshForm(account, filter, {
        id: 'refresh',
        rearm: false,
        look: 'button minor',
        words: 'Refresh now',
      })
    : undefined;
  return html`<div class="actions">${login} ${again} ${refresh}</div>`;
}

/** A plain form: it works without scripts, and leads back to the same view. */
function refreshForm(
  { broker, name }: AccountStatus,
  filter: Filter,
  button: { readonly id: string; readonly rearm: boolean; readonly look: string; readonly words: string },
): Html {
  return html`<form method="post" action="/accounts/${encodeURIComponent(name)}/refresh">
    <input type="hidden" name="back" value="${addressOf(filter)}" />
    ${button.rearm ? html`<input type="hidden" name="rearm" value="1" />` : undefined}
    <button class="${button.look}" id="${button.id}-${broker}-${name}">${button.words}</button>
  </form>`;
}
