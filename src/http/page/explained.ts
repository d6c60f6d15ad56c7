import { actWords, type Explanation } from '../../core/explain.ts';
import { deedWords, nextWords } from '../../core/explain-words.ts';
import { historyStrip } from './history.ts';
import { html, type Html } from './html.ts';
import { usesSection } from './uses.ts';
import { ago, moment, until } from './time.ts';

/** So many of the last decisions, and of what people did, are shown. */
const SHOWN = 8;

/** How an account stood on its last day. */
export function lastDaySection(explanation: Explanation | undefined): Html | undefined {
  return (
    explanation &&
    html`<h3>The last day</h3>
      ${historyStrip(explanation.last_day)}`
  );
}

/** What is next for an account, what a person can do, and what was decided and done last. */
export function explainedSection(explanation: Explanation | undefined, now: number): Html | undefined {
  if (!explanation) return undefined;
  const { decisions, acts, next, person, usage } = explanation;
  const at = next.at === null ? undefined : html`${until(next.at, now, { lead: 'In ', past: 'Now' })}: `;
  return html`<h3>What is next</h3>
    <p>${at}${nextWords[next.action]}. ${next.why}</p>
    ${
      person.length === 0
        ? undefined
        : html`<ul class="ways">
            ${person.map(way)}
          </ul>`
    }
    <h3>Last decisions</h3>
    ${
      decisions.length === 0
        ? html`<p>None is kept.</p>`
        : html`<ol class="events">
            ${decisions.slice(0, SHOWN).map((each) => decision(each, now))}
          </ol>`
    }
    ${
      acts.length === 0
        ? undefined
        : html`<h3>What people did</h3>
            <ol class="events">
              ${acts.slice(0, SHOWN).map((each) => act(each, now))}
            </ol>`
    }
    ${usesSection(usage)}`;
}

function way({ what, command }: Explanation['person'][number]): Html {
  return html`<li>${what}${command === null ? undefined : html` <code>${command}</code>`}</li>`;
}

function decision(each: Explanation['decisions'][number], now: number): Html {
  const reason = each.message ?? each.reason?.replaceAll('_', ' ');
  const often = each.times > 1 ? ` ${each.times} times since ` : undefined;
  return html`<li>
    <b>${deedWords(each.did)}</b>${reason ? html`: ${reason}` : undefined}
    <span class="quiet">${ago(each.last_at, now)}${often && html`,${often}${moment(each.first_at)}`}</span>
  </li>`;
}

const ways: Readonly<Record<string, string>> = {
  cookie: 'on the page',
  token: 'over the API',
  ticket: 'by the link of an alert',
};

function act(each: Explanation['acts'][number], now: number): Html {
  // An answer's status says whether it was heard; what came of it stands among the decisions.
  const refused = /^[45]\d\d$/.test(each.outcome) ? ` (refused: ${each.outcome})` : '';
  return html`<li>
    <b>${actWords(each)}</b>${refused}
    <span class="quiet">${ways[each.who] ?? `by ${each.who}`} from ${each.from}, ${ago(each.at, now)}</span>
  </li>`;
}
