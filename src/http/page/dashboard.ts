import type { AccountStatus } from '../../core/status.ts';
import type { Readiness } from '../desk.ts';
import { byBroker, isServed } from '../../core/summary.ts';
import { accountRow, banner, until } from './account.ts';
import { html, type Html } from './html.ts';
import { htmlDocument, mark } from './layout.ts';
import { awaitsPerson, byTone, verdictOf, type Verdict } from './verdict.ts';

export interface DashboardView {
  readonly accounts: readonly AccountStatus[];
  readonly readiness: Readiness;
  readonly titleOf: (broker: string) => string;
  /** What stands above all the rest while it holds. */
  readonly remarks: readonly string[];
  readonly version: string;
  /** Ms since the epoch. */
  readonly now: number;
}

/**
 * The whole page. What carries `data-part` is replaced by the page's script as it changes; without scripts the
 * browser loads the page anew.
 */
export function dashboard(view: DashboardView): Html {
  const verdict = verdictOf(view.accounts, view.readiness);
  const head = html`<link rel="icon" href="/assets/${verdict.tone}.svg" />
    <link rel="stylesheet" href="/assets/dashboard.css" />
    <script type="module" src="/assets/dashboard.js"></script>
    <noscript><meta http-equiv="refresh" content="10" /></noscript>`;
  const body = html`<body data-now="${view.now}">
    <main>
      <div data-part="remarks">${view.remarks.map((each) => html`<p class="remark">${each}</p>`)}</div>
      <p id="stale" class="complaint" role="alert" hidden>
        The service does not answer. What you see is old.
      </p>
      <header class="verdict">
        <div data-part="verdict" role="status">${headline(verdict)}</div>
        <div data-part="next">${nextRefresh(view)}</div>
      </header>
      <div data-part="banners">${banners(view)}</div>
      <div data-part="accounts">${brokers(view)}</div>
    </main>
    <footer>
      <span data-part="as-of">As of ${clockTime(view.now)} UTC</span>
      <span>token-refresher ${view.version}</span>
      <form method="post" action="/sign-out"><button class="link">Sign out</button></form>
    </footer>
  </body>`;
  return htmlDocument(`${verdict.title} · token-refresher`, head, body);
}

function headline(verdict: Verdict): Html {
  return html`${mark(verdict.tone)}
    <div>
      <h1>${verdict.title}</h1>
      <p>${verdict.facts.join(' ')}</p>
    </div>`;
}

function nextRefresh({ accounts, now }: DashboardView): Html | undefined {
  const next = accounts
    .filter((account) => isServed(account) && !awaitsPerson(account))
    .flatMap((account) => account.next_refresh ?? [])
    .sort()[0];
  return next === undefined
    ? undefined
    : html`<p class="quiet">Next refresh <br />${until(next, now, { lead: 'in ', past: 'now' })}</p>`;
}

function banners({ accounts, titleOf }: DashboardView): readonly Html[] {
  return accounts
    .filter(awaitsPerson)
    .sort(byTone)
    .map((account) => banner(account, titleOf(account.broker)));
}

function brokers(view: DashboardView): readonly Html[] {
  return Object.entries(byBroker(view.accounts)).map(([broker, accounts]) => group(view, broker, accounts));
}

function group(view: DashboardView, broker: string, accounts: readonly AccountStatus[]): Html {
  const title = view.titleOf(broker);
  const served = accounts.filter(isServed);
  const valid = served.filter((account) => account.valid).length;
  return html`<section class="broker">
    <h2>${title} <span class="quiet">${valid} of ${served.length} good</span></h2>
    <table role="table" aria-label="Accounts at ${title}">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Account</th>
          <th role="columnheader" scope="col">State</th>
          <th role="columnheader" scope="col">Token left</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${[...accounts].sort(byTone).map((account) => accountRow(account, view.now, title))}
      </tbody>
    </table>
  </section> `;
}

function clockTime(now: number): string {
  return new Date(now).toISOString().slice(11, 19);
}
