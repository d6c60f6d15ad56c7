import type { Explanation } from '../../core/explain.ts';
import { countdown } from './countdown.js';
import { html, type Html } from './html.ts';
import type { Tone } from './layout.ts';

const SLOTS = 96;
const SLOT_MS = 15 * 60_000;
const HEIGHT = 10;

const tones: Readonly<Record<string, Tone>> = {
  fresh: 'good',
  due: 'good',
  refreshing: 'good',
  backing_off: 'waiting',
  awaiting_approval: 'waiting',
  stopped: 'bad',
  expired: 'bad',
  paused: 'idle',
  disabled: 'idle',
};
const worst: readonly Tone[] = ['idle', 'good', 'waiting', 'bad'];
const words: Readonly<Record<Tone, string>> = {
  good: 'well',
  waiting: 'waiting or failing',
  bad: 'stopped or without a token',
  idle: 'out of service',
};

/**
 * How an account stood in each quarter of an hour of the last day, the oldest first; undefined where nothing that is
 * kept tells. What was decided holds until the next decision, but no longer than until that was to come: a service
 * that is down decides nothing.
 */
export function lastDay(decisions: Explanation['decisions'], now: number): readonly (Tone | undefined)[] {
  const slots = Array.from({ length: SLOTS }, (): Tone | undefined => undefined);
  const begins = now - SLOTS * SLOT_MS;
  let newer = now;
  for (const each of decisions) {
    const from = Date.parse(each.first_at);
    const knownTo = each.next_at === null ? Infinity : Date.parse(each.next_at) + SLOT_MS;
    const to = Math.min(newer, Math.max(Date.parse(each.last_at), knownTo));
    newer = from;
    const tone = each.did === 'failed' ? atLeast('waiting', toneOf(each.state)) : toneOf(each.state);
    const last = Math.min(SLOTS - 1, Math.floor((to - 1 - begins) / SLOT_MS));
    for (let i = Math.max(0, Math.floor((from - begins) / SLOT_MS)); i <= last; i++)
      slots[i] = atLeast(tone, slots[i]);
  }
  return slots;
}

const toneOf = (state: string): Tone => tones[state] ?? 'waiting';

const atLeast = (tone: Tone, other: Tone | undefined): Tone =>
  other !== undefined && worst.indexOf(other) > worst.indexOf(tone) ? other : tone;

/** The last day as a strip, and in words for whoever does not see it. */
export function historyStrip(decisions: Explanation['decisions'], now: number): Html {
  const slots = lastDay(decisions, now);
  const spans = [...worst].reverse().flatMap((tone) => {
    const count = slots.filter((each) => each === tone).length;
    return count === 0 ? [] : [`${words[tone]} ${countdown(count * SLOT_MS)}`];
  });
  const label = spans.length === 0 ? 'nothing is known of it' : spans.join(', ');
  return html`<svg
      class="strip"
      viewBox="0 0 ${SLOTS} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="The last day: ${label}"
    >
      ${slots.flatMap((tone, i) => (tone === undefined ? [] : [html`<rect class="${tone}" x="${i}" y="0" width="0.85" height="${HEIGHT}" />`]))}
    </svg>
    <p class="ticks quiet" aria-hidden="true"><span>24 h ago</span><span>12 h ago</span><span>now</span></p>`;
}
