import { emptyBook, linksOf, readBook, whysOf, type Incident } from '../../src/alerts/book.ts';
import { makeEar, type Heard } from './ear.ts';
import type { Keyspace } from './redis/keyspace.ts';

/** Where the service keeps its incidents. */
export const BOOK = 'refresher:alerts:book';

/** An incident that people were told of and that has not ended. */
export interface OpenIncident {
  readonly id: string;
  readonly broker: string;
  readonly code: string;
  readonly level: string;
  readonly reason: string;
  /** Nobody fails in it any more; it ends then (ms), unless somebody does again. */
  readonly endsAt: number | undefined;
  /** The accounts that fail in it now. */
  readonly accounts: readonly string[];
  /** What is wrong with each of them, where something is said of it alone. */
  readonly whys: Readonly<Record<string, string>>;
  /** The way that each of them alone has. */
  readonly links: Readonly<Record<string, string>>;
}

export interface AlertNews extends OpenIncident {
  readonly at: number;
  readonly what: 'opened' | 'closed';
}

/** Follows the book of incidents as it is written. */
export interface AlertWatch {
  readonly news: readonly AlertNews[];
  /** What a channel of alerts was given to say: messages, their edits and reminders. */
  readonly heard: readonly Heard[];
  open(): readonly OpenIncident[];
  /** Reads the book again. */
  look(): void;
  /** The same, where the book was lost or put back: nobody was told of what changed. */
  resume(): void;
}

/** @param at plans work for an instant (ms) */
export function watchAlerts(
  keyspace: Keyspace,
  now: () => number,
  at: (instant: number, work: () => void) => void,
): AlertWatch {
  const ear = makeEar(now, at);
  const news: AlertNews[] = [];
  let open = new Map<string, OpenIncident>();
  return {
    news,
    heard: ear.heard,
    open: () => [...open.values()],
    look: () => read(true),
    resume: () => read(false),
  };

  function read(isTold: boolean): void {
    const text = keyspace.find(BOOK, 'hash')?.fields.get('text');
    const book = text === undefined ? emptyBook : readBook(text);
    if (!book) throw new Error('the book of incidents cannot be read');
    ear.listen(book);
    const { incidents } = book;
    for (const { end } of incidents) if (end && end.at > now()) at(end.at, () => read(true));
    const present = new Map(
      incidents
        // One that all its accounts have moved away from goes on silently, until they work again; one that recurs, for a while.
        .filter(({ end }) => end?.how !== 'recovered' || now() < end.at)
        .map((incident): [string, OpenIncident] => [incident.id, openOf(incident)]),
    );
    for (const [id, incident] of present) {
      if (isTold && !open.has(id)) news.push({ ...incident, at: now(), what: 'opened' });
    }
    for (const [id, incident] of open) {
      if (isTold && !present.has(id)) news.push({ ...incident, at: now(), what: 'closed' });
    }
    open = present;
  }
}

function openOf(incident: Incident): OpenIncident {
  const { id, broker, code, level, reason, members, end } = incident;
  return {
    id,
    broker,
    code,
    level,
    reason,
    endsAt: end?.how === 'recovered' ? end.at : undefined,
    accounts: members.filter(({ state }) => state === 'failing').map(({ name }) => name),
    whys: Object.fromEntries(whysOf(incident).map(({ name, why }) => [name, why])),
    links: Object.fromEntries(linksOf(incident).map(({ name, link }) => [name, link])),
  };
}
