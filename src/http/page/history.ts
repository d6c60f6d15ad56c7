import { marks, QUARTER_MS, QUARTERS } from '../../core/last-day.ts';
import type { Explanation } from '../../core/explain.ts';
import { countdown } from './countdown.js';
import { html, type Html } from './html.ts';
import type { Tone } from './layout.ts';

const HEIGHT = 10;

const words: Readonly<Record<Tone, string>> = {
  good: 'well',
  waiting: 'waiting or failing',
  bad: 'stopped or without a token',
  idle: 'out of service',
};

/** The last day as a strip, and in words for whoever does not see it. */
export function historyStrip(slots: Explanation['last_day']): Html {
  const spans = [...marks].reverse().flatMap((tone) => {
    const count = slots.filter((each) => each === tone).length;
    return count === 0 ? [] : [`${words[tone]} ${countdown(count * QUARTER_MS)}`];
  });
  const label = spans.length === 0 ? 'nothing is known of it' : spans.join(', ');
  return html`<svg
      class="strip"
      viewBox="0 0 ${QUARTERS} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="The last day: ${label}"
    >
      ${slots.flatMap((tone, i) => (tone === null ? [] : [html`<rect class="${tone}" x="${i}" y="0" width="0.85" height="${HEIGHT}" />`]))}
    </svg>
    <p class="ticks quiet" aria-hidden="true"><span>24 h ago</span><span>12 h ago</span><span>now</span></p>`;
}
