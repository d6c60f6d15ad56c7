import { DAYS_SHOWN, sumOfUses, uses, type DayOfUse, type Use } from '../../core/uses.ts';
import { html, type Html } from './html.ts';

/** So many days are shown; the others of the month fold out. */
const SHOWN = 5;

/** What an account was used for in the last days, and in all of the month; undefined where nothing was. */
export function usesSection(days: readonly DayOfUse[]): Html | undefined {
  if (days.length === 0) return undefined;
  const [last, earlier] = [days.slice(0, SHOWN), days.slice(SHOWN)];
  return html`<h3>What it was used for</h3>
    ${table([...last.map(row), row({ day: `${DAYS_SHOWN} days`, ...sumOfUses(days) })])}
    ${
      earlier.length === 0
        ? undefined
        : html`<details id="uses-earlier">
            <summary>Earlier days</summary>
            ${table(earlier.map(row))}
          </details>`
    }`;
}

function table(rows: readonly Html[]): Html {
  return html`<table class="uses">
    <thead>
      <tr>
        <th scope="col">Day (UTC)</th>
        ${uses.map((use) => html`<th scope="col">${words[use]}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

const words: Readonly<Record<Use, string>> = { refreshes: 'Refreshes', logins: 'Logins', reports: 'Reports' };

function row({ day, ...counts }: DayOfUse): Html {
  return html`<tr>
    <th scope="row">${day}</th>
    ${uses.map((use) => html`<td>${counts[use]}</td>`)}
  </tr>`;
}
