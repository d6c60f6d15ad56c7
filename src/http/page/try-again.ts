import type { AccountStatus } from '../../core/status.ts';
import type { Assets } from './assets.ts';
import { html } from './html.ts';
import { noticePage } from './notice.ts';
import type { Page } from './send.ts';
import { ago } from './time.ts';

export interface TryAgainFacts {
  readonly account: AccountStatus;
  readonly title: string;
  /** What one more refused password costs, in sentences; none where nobody counts them, undefined where that could not be read. */
  readonly cost: readonly string[] | undefined;
  /** The view it was asked on. */
  readonly back: string;
  /** Ms since the epoch. */
  readonly now: number;
}

/** The error whose login is a password that is wrong, at every broker. */
const WRONG_PASSWORD = 'bad_credentials';
const COUNTED_NOT = 'Where it is refused once more, the account is stopped again.';
const UNREAD = 'How many failed logins of this network are left cannot be read now.';

/** Which refusal of an account somebody read of: a button is good for that one alone. */
export const refusalOf = ({ last_error: error }: AccountStatus): string => error?.at ?? 'unknown';

/** The question before the same login is sent once more: what would be sent, and what it costs where it is wrong. */
export function tryAgainPage(assets: Assets, { account, title, cost, back, now }: TryAgainFacts): Page {
  const { name, last_error: error } = account;
  const what = error === null || error.code === WRONG_PASSWORD ? 'password' : 'login';
  const when = error === null ? undefined : html` (${ago(error.at, now)})`;
  return noticePage(assets, {
    tone: 'waiting',
    title: `Send the same ${what} of ${name} again?`,
    text: html`As the service has read the credentials file, it still has the ${what} that ${title}
    refused${when}. A changed one is taken up and tried by itself within seconds: is it saved, and in the
    right file?`,
    form: 'self',
    more: html`<p><b>Mended at the broker, with the file as it is?</b> ${costWords(cost)}</p>
      <p><a class="button" id="try-back" href="${back}">Back: nothing is sent</a></p>
      <form method="post" action="/accounts/${encodeURIComponent(name)}/refresh">
        <input type="hidden" name="back" value="${back}" />
        <input type="hidden" name="rearm" value="1" />
        <input type="hidden" name="refusal" value="${refusalOf(account)}" />
        <button class="button danger" id="try-now">Mended at the broker: allow one more try</button>
      </form>`,
  });
}

function costWords(cost: readonly string[] | undefined): string {
  if (cost === undefined) return UNREAD;
  return cost.length === 0 ? COUNTED_NOT : cost.join(' ');
}
