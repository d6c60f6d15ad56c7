import type { AccountStatus } from '../../core/status.ts';
import { reasonOf, stateWord } from './account.ts';
import { actionsFor } from './actions.ts';
import { addressOf, type Filter } from './filter.ts';
import { html, type Html } from './html.ts';
import { ago, moment, timeLeft, until } from './time.ts';
import { toneOf } from './verdict.ts';

export interface PanelFacts {
  readonly account: AccountStatus;
  readonly title: string;
  readonly now: number;
  /** What stands above what is known of the account, and below it. */
  readonly above?: Html | undefined;
  readonly below?: Html | undefined;
}

/**
 * The details of one account: a dialog, which stands open in the page where there are no scripts. An empty one where
 * the address names no account.
 */
export function panel(facts: PanelFacts | undefined, filter: Filter): Html {
  if (filter.account === undefined) return html`<dialog id="panel"></dialog>`;
  const close = html`<a id="panel-close" class="close" href="${addressOf(filter, { account: undefined })}"
    >Close</a
  >`;
  if (!facts) {
    return html`<dialog id="panel" open aria-labelledby="panel-title">
      <header>
        <h2 id="panel-title">There is no account ${filter.account}</h2>
        ${close}
      </header>
      <p>It may have been renamed, or taken out of the credentials file.</p>
    </dialog>`;
  }
  const { account, title, now } = facts;
  const reason = reasonOf(account, title);
  return html`<dialog id="panel" open aria-labelledby="panel-title">
    <header>
      <h2 id="panel-title">${account.name}</h2>
      <span class="chip ${toneOf(account)}">${stateWord(account)}</span>
      ${close}
    </header>
    <div id="panel-body">
      ${reason === null ? undefined : html`<p>${reason}</p>`}
      <p class="left">${timeLeft(account, now)}</p>
      ${actionsFor(account, title, filter)} ${facts.above}
      <dl>
        ${rowsOf(facts).map(
          ([term, value]) =>
            html`<dt>${term}</dt>
              <dd>${value}</dd>`,
        )}
      </dl>
      ${facts.below}
    </div>
  </dialog>`;
}

function rowsOf({ account, title, now }: PanelFacts): readonly (readonly [string, Html | string])[] {
  const error = account.last_error;
  // The reason above may be the very same words.
  const isSaid = error !== null && (reasonOf(account, title) ?? '').includes(error.message);
  const names = [account.name, ...account.sub_accounts];
  return [
    ['Broker', `${title}, ${account.environment}`],
    ...(account.username === account.name ? [] : [['Login', account.username] as const]),
    ['Last refresh', account.last_refresh ? when(account.last_refresh, now) : 'none yet'],
    ['Next refresh', nextOf(account, now)],
    ['Token ends', account.expiry_time ? when(account.expiry_time, now) : 'there is none'],
    [
      'Read as',
      html`<ul>
        ${names.map((name) => html`<li><code>token:${name}</code></li>`)}
      </ul>`,
    ],
    ...(account.generation === null ? [] : [['Generation', String(account.generation)] as const]),
    ...(account.scope === null ? [] : [['Scope', account.scope] as const]),
    ['Proved at the broker', proofWords(account)],
    ...(account.attempts === 0 ? [] : [['Failed tries in a row', String(account.attempts)] as const]),
    ...(error
      ? [
          [
            'Last error',
            html`<code>${error.code}</code>
              ${when(error.at, now)}${isSaid ? undefined : html`<br />${error.message}`}`,
          ] as const,
        ]
      : []),
  ];
}

/** An instant and how far it is. */
function when(instant: string, now: number): Html {
  const distance =
    Date.parse(instant) > now ? until(instant, now, { lead: 'in ', past: 'now' }) : ago(instant, now);
  return html`${moment(instant)} <span class="quiet">(${distance})</span>`;
}

function nextOf(account: AccountStatus, now: number): Html | string {
  const { next_refresh: next, state } = account;
  if (next !== null && Date.parse(next) > now) return when(next, now);
  if (next !== null || state === 'refreshing') return 'now';
  return state === 'stopped' || state === 'awaiting_approval' ? 'when a person has acted' : 'none';
}

function proofWords({ api_validated: validated }: AccountStatus): string {
  if (validated === null) return 'not asked';
  return validated ? 'yes' : 'no: the broker does not honour it';
}
