import { searchForm } from './search.ts';
import { isFiltering, type Filter } from './filter.ts';
import { html, type Html } from './html.ts';
import { htmlDocument } from './layout.ts';
import type { Said } from './said.ts';
import type { Group } from './listing.ts';
import type { View } from './view.ts';

export interface DashboardParts {
  readonly view: View;
  readonly filter: Filter;
  readonly brokers: readonly string[];
  readonly titleOf: (broker: string) => string;
  readonly said: Said | undefined;
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  readonly version: string;
  /** Ms since the epoch. */
  readonly now: number;
}

/** Without scripts the page is loaded anew this often, and more seldom where somebody reads on it, seconds. */
const RELOAD_S = 10;
const READING_S = 60;

const isReading = (filter: Filter): boolean => isFiltering(filter) || filter.account !== undefined;

/**
 * The whole page. What has an id is brought up to date by the page's script as it changes; without scripts the
 * browser loads the page anew.
 */
export function dashboard(parts: DashboardParts): Html {
  const { view } = parts;
  const head = html`<link rel="icon" href="/assets/${view.tone}.svg" />
    <link rel="stylesheet" href="/assets/dashboard.css" />
    <link rel="stylesheet" href="/assets/accounts.css" />
    <link rel="stylesheet" href="/assets/panel.css" />
    <link rel="stylesheet" href="/assets/plan.css" />
    <script type="module" src="/assets/dashboard.js"></script>
    <noscript
      ><meta http-equiv="refresh" content="${isReading(parts.filter) ? READING_S : RELOAD_S}"
    /></noscript>`;
  const body = html`<body data-now="${parts.now}">
    <main id="main">${mainOf(parts)}</main>
    <footer id="footer">
      <span>As of <span id="as-of">${new Date(parts.now).toISOString().slice(11, 19)}</span> UTC</span>
      <span>token-refresher ${parts.version}</span>
      <form method="post" action="/sign-out"><button class="link">Sign out</button></form>
    </footer>
  </body>`;
  return htmlDocument(`${view.title} · token-refresher`, head, body);
}

/** What stands in `main`. */
export function mainOf({ view, filter, brokers, titleOf, said, settings }: DashboardParts): Html {
  const part = (id: string): Html | undefined => view.parts.get(id);
  return html`${part('remarks')}
    <p id="stale" class="complaint" role="alert" data-keep hidden></p>
    <div id="said" data-keep>${said && saidLine(said)}</div>
    <header class="verdict">${part('verdict')} ${part('next')}</header>
    ${part('banners')} ${part('panel')} ${searchForm(filter, brokers, titleOf)} ${part('count')}
    <div id="accounts">${view.groups.map((group) => section(group, view, titleOf(group.broker)))}</div>
    ${part('pager')} ${part('limits')} ${part('timeline')}
    ${settings.length === 0 ? undefined : settingsSection(settings)}`;
}

function settingsSection(settings: DashboardParts['settings']): Html {
  return html`<details id="settings">
    <summary>Settings in force</summary>
    <dl>
      ${settings.map(
        ({ name, value }) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
  </details>`;
}

/** Where the browser puts whoever pressed a button: on what came of it. */
function saidLine({ tone, text }: Said): Html {
  return html`<p class="said ${tone}" role="status" tabindex="-1" autofocus>${text}</p>`;
}

function section({ broker }: Group, { parts, lists }: View, title: string): Html {
  const lines = lists.find(({ id }) => id === `list-${broker}`)?.ids ?? [];
  return html`<section class="broker" id="broker-${broker}">
    ${parts.get(`head-${broker}`)}
    <table role="table" aria-label="Accounts at ${title}">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Account</th>
          <th role="columnheader" scope="col">State</th>
          <th role="columnheader" scope="col">Token left</th>
          <th role="columnheader" scope="col">Last and next refresh</th>
          <th role="columnheader" scope="col">Last 24 h</th>
        </tr>
      </thead>
      <tbody role="rowgroup" id="list-${broker}">
        ${lines.flatMap((id) => parts.get(id) ?? [])}
      </tbody>
    </table>
    ${parts.get(`more-${broker}`)}
  </section> `;
}
