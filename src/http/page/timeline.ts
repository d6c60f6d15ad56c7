import type { Plan } from '../../core/plan.ts';
import { SLOTS } from '../../core/walk.ts';
import { html, type Html } from './html.ts';
import { until } from './time.ts';

const HEIGHT = 24;
/** So many of the next refreshes are named. */
const NAMED = 5;
const HOUR_MS = 60 * 60_000;
const words = { renewal: 'renewal', 'sign-in': 'sign-in', person: 'a person’s login' } as const;

/** The coming refreshes of a day: a lane for each broker, a bar for each quarter of an hour. */
export function timelineSection(
  plan: Plan | undefined,
  titleOf: (broker: string) => string,
): Html | undefined {
  if (!plan || plan.total === 0) return undefined;
  const lanes = [...plan.slots].sort(([a], [b]) => (a < b ? -1 : 1));
  const ticks = [0, 1, 2, 3, 4].map((quarter) => plan.from + (quarter * plan.hours * HOUR_MS) / 4);
  return html`<h2>Coming refreshes</h2>
    <div class="lanes">
      ${lanes.map(([broker, counts]) => lane(titleOf(broker), counts, plan.hours))}
      <p class="ticks quiet" aria-hidden="true">
        ${ticks.map((at, i) => html`<span>${i === 0 ? 'now' : clockTime(at)}${i === ticks.length - 1 ? ' UTC' : ''}</span>`)}
      </p>
    </div>
    <ol class="next">
      ${plan.refreshes
        .slice(0, NAMED)
        .map(
          ({ name, broker, call, at }) =>
            html`<li>
              ${name} at ${titleOf(broker)}: ${words[call]}
              ${until(new Date(at).toISOString(), plan.from, { lead: 'in ', past: 'now' })}
            </li>`,
        )}
    </ol>`;
}

function lane(title: string, counts: readonly number[], hours: number): Html {
  const most = Math.max(1, ...counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const minutes = (hours * 60) / SLOTS;
  const label = `${title}: ${total} ${total === 1 ? 'refresh' : 'refreshes'} in ${hours} h, at most ${most} in ${minutes} min`;
  const bars = counts.flatMap((count, i) => {
    // One of many is still to be seen.
    const height = count === 0 ? 0 : Math.max(3, Math.round((HEIGHT * count) / most));
    return height === 0
      ? []
      : [html`<rect x="${i}" y="${HEIGHT - height}" width="0.8" height="${height}" />`];
  });
  return html`<p>
      ${title} <span class="quiet">${total} in ${hours} h, at most ${most} in ${minutes} min</span>
    </p>
    <svg viewBox="0 0 ${SLOTS} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">
      ${bars}
    </svg>`;
}

const clockTime = (at: number): string => new Date(at).toISOString().slice(11, 16);
