import { InvalidArgumentError } from 'commander';
import type { Clock } from '../core/clock.ts';
import { duration, readDuration } from '../core/duration.ts';
import { Failure } from './failure.ts';
import { wrapped } from './wrapped.ts';

const LEAST_MS = 1_000;
const MOST_MS = 60 * 60_000;
/** A screen of its own, so that what stood on the terminal is there again afterwards; and no cursor. */
const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const REST_OF_LINE = '\u001B[K';
const REST_OF_SCREEN = '\u001B[J';

/** What one look has found. */
export interface Seen {
  /** Where these differ, something has changed. */
  readonly facts: unknown;
  readonly text: string;
  readonly answer: object;
}

/** Where it is shown: standard output. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly rows?: number;
  readonly columns?: number;
  write(text: string): unknown;
  once(event: 'error', heard: () => void): unknown;
  on(event: 'resize', heard: () => void): unknown;
  off(event: 'error' | 'resize', heard: () => void): unknown;
}

export interface WatchParts {
  /** Rejects with a Failure where nothing can be seen now. */
  readonly look: () => Promise<Seen>;
  readonly json: boolean;
  readonly everyMs: number;
  readonly screen: Screen;
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Shows what there is to see until the signal comes: drawn anew on a terminal, elsewhere one block, or one line of
 * JSON, a change. What cannot be seen at first is a failure; later it is said, and looked for again.
 */
export async function watch(parts: WatchParts): Promise<void> {
  const { screen, clock, everyMs } = parts;
  const isDrawn = screen.isTTY === true && !parts.json;
  const ending = new AbortController();
  // Whoever read this has left.
  const leave = (): void => ending.abort();
  const signal = AbortSignal.any([parts.signal, ending.signal]);
  let seen = await parts.look();
  let shown = '';
  const show = (): void => {
    if (isDrawn) return void screen.write(frame(seen, parts));
    const facts = JSON.stringify(seen.facts);
    if (facts === shown) return;
    shown = facts;
    const at = new Date(clock.now()).toISOString();
    screen.write(parts.json ? `${JSON.stringify({ at, ...seen.answer })}\n` : `${at}\n${seen.text}\n`);
  };
  screen.once('error', leave);
  if (isDrawn) screen.on('resize', show);
  if (isDrawn) screen.write(ENTER);
  try {
    for (;;) {
      show();
      await clock.sleep(everyMs, signal);
      if (signal.aborted) return;
      seen = await Promise.race([parts.look().catch(failed), aborted(signal, seen)]);
    }
  } finally {
    screen.off('error', leave);
    if (isDrawn) screen.off('resize', show);
    if (isDrawn) screen.write(LEAVE);
  }
}

/** A Redis that answers nobody keeps nobody from leaving. */
function aborted<T>(signal: AbortSignal, last: T): Promise<T> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(last), { once: true });
  });
}

/** Nothing of the last frame may stand behind this one, and none of it scrolls. */
function frame({ text }: Seen, { everyMs, clock, screen }: WatchParts): string {
  const { rows = 24, columns = 80 } = screen;
  const time = new Date(clock.now()).toISOString().slice(11, 19);
  const all = [
    `${time} UTC, every ${duration(everyMs)}. Ctrl-C ends it.`,
    '',
    // A row with colours fits already; a sentence that the terminal broke would be more lines than were counted.
    ...text
      .trimEnd()
      .split('\n')
      .flatMap((line) => (line.includes('\u001B') ? line : wrapped(line, columns, Infinity))),
  ];
  const room = Math.max(1, rows - 1);
  const more = `… and ${all.length - room + 1} more lines: this terminal is too low for them.`;
  const lines = all.length > room ? [...all.slice(0, room - 1), more] : all;
  return `${HOME}${lines.map((line) => `${line}${REST_OF_LINE}\n`).join('')}${REST_OF_SCREEN}`;
}

/** The account may be back in the file, and Redis may answer again. */
function failed(error: unknown): Seen {
  if (!(error instanceof Failure)) throw error;
  const { code, message } = error;
  return { facts: [code, message], text: `${message}\n`, answer: { status: 'error', code, message } };
}

/** `--interval`: a length of time, or a number of seconds. */
export function readInterval(text: string): number {
  const ms = readDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (ms !== undefined && ms >= LEAST_MS && ms <= MOST_MS) return ms;
  throw new InvalidArgumentError('Give a length of time from 1s to 1h, like 5s.');
}
