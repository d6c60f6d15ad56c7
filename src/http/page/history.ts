import { marks, QUARTER_MS, QUARTERS, type LastDay, type Mark } from '../../core/last-day.ts';
import { countdown } from './countdown.js';
import { html, type Html } from './html.ts';
import type { Tone } from './layout.ts';

const HEIGHT = 10;
/** The worse the taller: who cannot tell the colours sees it, too. */
const heights: Readonly<Record<Mark, number>> = { idle: 3, good: 6, waiting: 8, bad: HEIGHT };

const words: Readonly<Record<Tone, string>> = {
  good: 'well',
  waiting: 'waiting or failing',
  bad: 'stopped or without a token',
  idle: 'out of service',
};

/** The last day as a strip with a bar for each quarter of an hour, and in words for whoever does not see it. */
export function historyStrip(slots: LastDay): Html {
  return html`${strip(slots, (tone) =>
      slots.flatMap((each, i) => (each === tone ? [{ at: i, width: 0.85 }] : [])),
    )}
    <p class="ticks quiet" aria-hidden="true"><span>24 h ago</span><span>12 h ago</span><span>now</span></p>`;
}

/** The same for a line of the list, where equal bars are one; nothing where nothing is known. */
export function smallStrip(slots: LastDay): Html | undefined {
  return slots.every((each) => each === null) ? undefined : strip(slots, (tone) => runsOf(slots, tone));
}

interface Bar {
  readonly at: number;
  readonly width: number;
}

/** One path for each tone: a hundred lines with an element for each bar would be ten thousand elements. */
function strip(slots: LastDay, barsOf: (tone: Mark) => readonly Bar[]): Html {
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
    ${marks.map((tone) => pathOf(tone, barsOf(tone)))}
  </svg>`;
}

function pathOf(tone: Mark, bars: readonly Bar[]): Html | undefined {
  if (bars.length === 0) return undefined;
  const height = heights[tone];
  const line = bars.map(({ at, width }) => `M${at} ${HEIGHT - height}h${width}v${height}h-${width}z`);
  return html`<path class="${tone}" d="${line.join('')}" />`;
}

function runsOf(slots: LastDay, tone: Mark): readonly Bar[] {
  return slots.flatMap((each, at) => {
    if (each !== tone || slots[at - 1] === tone) return [];
    const end = slots.findIndex((other, i) => i > at && other !== tone);
    return [{ at, width: (end === -1 ? slots.length : end) - at }];
  });
}
