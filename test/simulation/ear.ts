import type { Book, Delivery } from '../../src/alerts/book.ts';
import { delivered, isCalling, nextTask } from '../../src/alerts/deliveries.ts';
import { textOf } from '../../src/alerts/plain-text.ts';

/** What a channel of alerts was given to say. */
export interface Heard {
  readonly at: number;
  readonly act: 'open' | 'edit' | 'remind';
  readonly code: string;
  readonly level: string;
  /** True: whoever is mentioned in messages is called by it. */
  readonly rings: boolean;
  /** The message in words. */
  readonly text: string;
}

/** A channel that works, by the service's own rules of what is said when. */
export interface Ear {
  readonly heard: readonly Heard[];
  /** Takes the book as it stands now, and says what is due. */
  listen(book: Book): void;
}

const CHANNEL = 'ear';

export function makeEar(now: () => number, at: (instant: number, work: () => void) => void): Ear {
  const heard: Heard[] = [];
  let sent = new Map<string, Delivery>();
  let book: Book = { incidents: [] };
  let planned = Infinity;

  const asSent = (): Book => ({
    incidents: book.incidents.map((incident) => {
      const delivery = sent.get(incident.id);
      return { ...incident, sent: delivery ? { [CHANNEL]: delivery } : {} };
    }),
  });
  function speak(): void {
    for (;;) {
      const task = nextTask(asSent(), CHANNEL, now(), true);
      if (!task) return;
      if (task.dueAt > now()) {
        if (task.dueAt >= planned && planned > now()) return;
        planned = task.dueAt;
        return at(task.dueAt, speak);
      }
      const { act, incident } = task;
      const { code, level } = incident;
      if (act !== 'close') {
        const rings = act === 'remind' || (act === 'open' && isCalling(incident));
        const event = act === 'open' ? 'opened' : act === 'edit' ? 'changed' : 'reminder';
        heard.push({ at: now(), act, code, level, rings, text: textOf(event, { incident, now: now() }) });
      }
      const after = delivered(asSent(), task, CHANNEL, 'message', now());
      const delivery = after.incidents.find(({ id }) => id === incident.id)?.sent[CHANNEL];
      if (delivery) sent.set(incident.id, delivery);
    }
  }

  return {
    heard,
    listen(next) {
      book = next;
      const known = new Set(book.incidents.map(({ id }) => id));
      sent = new Map([...sent].filter(([id]) => known.has(id)));
      speak();
    },
  };
}
