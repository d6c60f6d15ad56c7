import { findingsIn, promises, type Promised } from './promises.ts';
import type { Sample } from './sample.ts';

/** What did not hold: the first time, and how often. */
export interface Fault {
  readonly promise: Promised;
  readonly name: string;
  readonly what: string;
  readonly at: string;
  readonly times: number;
}

export interface Verdict {
  readonly held: readonly { readonly promise: Promised; readonly looks: number }[];
  readonly broken: readonly Fault[];
  /** Nothing happened that would have shown these. */
  readonly unseen: readonly Promised[];
}

export interface Judge {
  look(sample: Sample): void;
  /** An event as it came; `at`: by the clock of `Sample.askedAt`. */
  hear(text: string, at: number): void;
  /** `isDeaf`: events could not be heard. */
  verdict(at: number, isDeaf?: boolean): Verdict;
}

const EVENTS = ['refreshed', 'confirmed', 'failed', 'recovered', 'expired', 'removed'];
/** So long an event of what was read may take, ms. */
const EVENT_MS = 2_000;
/** A key that somebody deleted is written again within this time, ms. */
const WRITTEN_AGAIN_MS = 30_000;

interface Followed {
  readonly generation: number;
  readonly token: string | undefined;
  /** Since when a fresh token has been missing. */
  readonly missingSince: number | undefined;
}

/** Compares what a reader sees over time with what it was promised. */
export function makeJudge(): Judge {
  const looks = new Map<Promised, number>();
  const faults = new Map<string, Fault>();
  const followed = new Map<string, Followed>();
  const changes: { readonly name: string; readonly generation: number; readonly at: number }[] = [];
  const heard = new Set<string>();
  const announced = new Map<string, { readonly generation: number; readonly at: number }>();
  const tokens = new Set<string>();

  /** @param what is wrong, or nothing */
  function note(promise: Promised, name: string, what: string, at: number): void {
    looks.set(promise, (looks.get(promise) ?? 0) + 1);
    if (what === '') return;
    const key = `${promise} ${name}`;
    const first = faults.get(key) ?? { promise, name, what, at: new Date(at).toISOString(), times: 0 };
    faults.set(key, { ...first, times: first.times + 1 });
  }

  function noteGeneration(sample: Sample, before: Followed | undefined): number {
    const { name, token, meta, at } = sample;
    const last = before?.generation ?? 0;
    if (meta['generation'] === undefined) return last;
    const generation = Number(meta['generation']);
    const isOther = before?.token !== undefined && token !== undefined && before.token !== token;
    const wrong =
      generation < last
        ? `the generation fell from ${last} to ${generation}`
        : isOther && generation === last
          ? `another token of the same generation ${generation}`
          : '';
    note('generations', name, wrong, at);
    if (before && generation > last) changes.push({ name, generation, at });
    const said = announced.get(name);
    if (said && sample.askedAt > said.at) {
      const isOlder = generation < said.generation;
      note('events', name, isOlder ? `generation ${said.generation} was announced and is not there` : '', at);
    }
    return generation;
  }

  return {
    look(sample) {
      const { name, token, state, at } = sample;
      for (const [promise, what] of Object.entries(findingsIn(sample))) {
        note(promise as Promised, name, what, at);
      }
      const before = followed.get(name);
      const generation = noteGeneration(sample, before);
      const isMissing = token === undefined && state['state'] === 'fresh';
      const missingSince = isMissing ? (before?.missingSince ?? at) : undefined;
      if (state['state'] === 'fresh') {
        const isOver = missingSince !== undefined && at - missingSince > WRITTEN_AGAIN_MS;
        const isPast = Date.parse(state['expiresAt'] ?? '') < at;
        const wrong = isPast ? 'fresh, with an end that is past: does the service run?' : '';
        note('presence', name, isOver ? `fresh, and no token for ${WRITTEN_AGAIN_MS / 1_000} s` : wrong, at);
      }
      if (token !== undefined) tokens.add(token);
      followed.set(name, { generation, token: token ?? before?.token, missingSince });
    },
    hear(text, at) {
      const { event, names, generation, what } = readEvent(text);
      const isToken = [...tokens].some((token) => text.includes(token));
      note('events', names[0] ?? '', isToken ? 'an event holds a token' : what, at);
      for (const name of names) {
        heard.add(`${name} ${generation}`);
        if (event === 'refreshed') announced.set(name, { generation, at });
      }
    },
    verdict(at, isDeaf = false) {
      for (const change of isDeaf ? [] : changes) {
        if (at - change.at < EVENT_MS) continue;
        const { name, generation } = change;
        const isHeard = heard.has(`${name} ${generation}`);
        note('announced', name, isHeard ? '' : `generation ${generation} came without an event`, change.at);
      }
      const all = Object.keys(promises) as Promised[];
      const broken = [...faults.values()];
      const isBroken = (promise: Promised): boolean => broken.some((fault) => fault.promise === promise);
      return {
        broken,
        held: all.flatMap((promise) => {
          const count = looks.get(promise);
          return count === undefined || isBroken(promise) ? [] : [{ promise, looks: count }];
        }),
        unseen: all.filter((promise) => !looks.has(promise)),
      };
    },
  };
}

interface ReadEvent {
  readonly event: string;
  readonly names: readonly string[];
  readonly generation: number;
  readonly what: string;
}

function readEvent(text: string): ReadEvent {
  const nothing = { event: '', names: [], generation: 0 };
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return { ...nothing, what: 'an event that is no JSON' };
  }
  if (typeof read !== 'object' || read === null) return { ...nothing, what: 'an event that is no object' };
  const field = (name: string): unknown => Reflect.get(read, name);
  const [event, username, names, generation] = ['event', 'username', 'names', 'generation'].map(field);
  const end = field('expiresAt');
  if (typeof event !== 'string' || !EVENTS.includes(event))
    return { ...nothing, what: `an event of no known kind` };
  if (
    typeof username !== 'string' ||
    !Array.isArray(names) ||
    typeof generation !== 'number' ||
    end === undefined
  ) {
    return { ...nothing, what: `"${event}" lacks username, names, generation or expiresAt` };
  }
  return { event, names: names.map(String), generation, what: '' };
}
