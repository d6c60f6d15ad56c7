import type { Readiness } from '../desk.ts';
import type { SilenceStatus } from '../../core/silence-words.ts';
import type { AccountStatus } from '../../core/status.ts';
import type { Explanation } from '../../core/explain.ts';
import type { LastDay } from '../../core/last-day.ts';
import type { Plan } from '../../core/plan.ts';
import { isServed } from '../../core/summary.ts';
import { accountRow, rowId } from './account.ts';
import { banners } from './banners.ts';
import { explainedSection, lastDaySection } from './explained.ts';
import { addressOf, isFiltering, type Filter } from './filter.ts';
import { html, type Html } from './html.ts';
import { mark, type Tone } from './layout.ts';
import type { Group, Listing } from './listing.ts';
import { limitsSection } from './limits.ts';
import { panel, type PanelFacts } from './panel.ts';
import { until } from './time.ts';
import { timelineSection } from './timeline.ts';
import { awaitsPerson, verdictOf, type Verdict } from './verdict.ts';

export interface ViewFacts {
  readonly accounts: readonly AccountStatus[];
  readonly readiness: Readiness;
  readonly silences: readonly SilenceStatus[];
  /** What the filter shows of the accounts, and the last day of those. */
  readonly listing: Listing;
  readonly days: ReadonlyMap<string, LastDay>;
  /** Of the account whose details are open, where there are some. */
  readonly explanation: Explanation | undefined;
  /** Undefined where it could not be made. */
  readonly plan: Plan | undefined;
  readonly titleOf: (broker: string) => string;
  /** What stands above all the rest while it holds. */
  readonly remarks: readonly string[];
  /** Ms since the epoch. */
  readonly now: number;
}

/** A list of lines: its element's id, and its lines in order. */
export interface Lines {
  readonly id: string;
  readonly ids: readonly string[];
}

/** What of the page changes with the accounts, in elements that each have an id. */
export interface View {
  readonly tone: Tone;
  readonly title: string;
  readonly parts: ReadonlyMap<string, Html>;
  readonly lists: readonly Lines[];
  readonly groups: readonly Group[];
}

/** Draws what a filter shows of the accounts. */
export function viewOf(facts: ViewFacts, filter: Filter): View {
  const { accounts, readiness, listing, titleOf, now } = facts;
  const verdict = verdictOf(accounts, readiness, facts.silences);
  const parts = new Map<string, Html>([
    [
      'remarks',
      html`<div id="remarks">${facts.remarks.map((each) => html`<p class="remark">${each}</p>`)}</div>`,
    ],
    ['verdict', html`<div id="verdict" role="status">${headline(verdict)}</div>`],
    ['next', html`<div id="next">${nextRefresh(facts)}</div>`],
    ['banners', html`<div id="banners">${banners(facts, filter)}</div>`],
    ['panel', panel(panelFacts(facts, filter), filter)],
    ['count', html`<p id="count" class="quiet" role="status">${countOf(listing, filter)}</p>`],
    ['limits', html`<section id="limits">${limitsSection(facts.plan, titleOf)}</section>`],
    ['timeline', html`<section id="timeline">${timelineSection(facts.plan, titleOf)}</section>`],
    ['pager', html`<nav id="pager" aria-label="Pages">${pager(listing, filter)}</nav>`],
  ]);
  for (const group of listing.groups) {
    parts.set(`head-${group.broker}`, groupHead(group, titleOf(group.broker)));
    parts.set(`more-${group.broker}`, groupMore(group, filter));
    for (const account of group.shown) {
      const lastDay = facts.days.get(account.name);
      parts.set(
        rowId(account),
        accountRow(account, { now, title: titleOf(account.broker), lastDay, filter }),
      );
    }
  }
  const lists = listing.groups.map(({ broker, shown }) => ({ id: `list-${broker}`, ids: shown.map(rowId) }));
  return { tone: verdict.tone, title: verdict.title, parts, lists, groups: listing.groups };
}

function panelFacts(
  { accounts, explanation, titleOf, now }: ViewFacts,
  filter: Filter,
): PanelFacts | undefined {
  const account = accounts.find(({ name }) => name === filter.account);
  if (!account) return undefined;
  const [above, below] = [lastDaySection(explanation), explainedSection(explanation, now)];
  return { account, title: titleOf(account.broker), now, above, below };
}

function headline(verdict: Verdict): Html {
  return html`${mark(verdict.tone)}
    <div>
      <h1>${verdict.title}</h1>
      <p>${verdict.facts.join(' ')}</p>
    </div>`;
}

function nextRefresh({ accounts, now }: ViewFacts): Html | undefined {
  const next = accounts
    .filter((account) => isServed(account) && !awaitsPerson(account))
    .flatMap((account) => account.next_refresh ?? [])
    .sort()[0];
  return next === undefined
    ? undefined
    : html`<p class="quiet">Next refresh <br />${until(next, now, { lead: 'in ', past: 'now' })}</p>`;
}

function groupHead({ broker, valid, served }: Group, title: string): Html {
  return html`<h2 id="head-${broker}">${title} <span class="quiet">${valid} of ${served} good</span></h2>`;
}

function groupMore({ broker, hidden }: Group, filter: Filter): Html {
  const to = (changes: Partial<Filter>): string =>
    addressOf({ ...filter, account: undefined }, { broker, ...changes });
  const { wanting, well } = hidden;
  return html`<p id="more-${broker}" class="more">
    ${wanting > 0 ? html`<a href="${to({ state: 'trouble' })}">Show ${wanting} more that want an eye</a>` : undefined}
    ${well > 0 ? html`<a href="${to({})}">Show ${well} that need nothing</a>` : undefined}
  </p>`;
}

function countOf({ matching, total }: Listing, filter: Filter): Html | undefined {
  if (!isFiltering(filter)) return undefined;
  return html`${matching} of ${total} ${total === 1 ? 'account' : 'accounts'}.
    <a href="/dashboard">Show all</a>`;
}

function pager({ page, pages }: Listing, filter: Filter): Html | undefined {
  if (pages === 1) return undefined;
  const to = (wanted: number, words: string): Html | undefined =>
    wanted < 1 || wanted > pages
      ? undefined
      : html`<a id="page-${words}" href="${addressOf(filter, { page: wanted })}">${words} page</a>`;
  return html`${to(page - 1, 'previous')} <span>Page ${page} of ${pages}</span> ${to(page + 1, 'next')}`;
}
