import type { Book, Incident } from './book.ts';
import { isStale } from './deliveries.ts';
import { isFailing } from './incidents.ts';

/** What no channel took in a week is no news any more. */
const KEEP_ENDED_MS = 7 * 24 * 60 * 60_000;
/** With every channel dead, the oldest ended incidents go first. */
const KEEP_ENDED = 100;

/** Forgets incidents that every channel has heard the end of. */
export function settled(book: Book, channels: readonly string[], now: number): Book {
  const kept = book.incidents.filter((incident) => stays(incident, book, channels, now));
  const ended = kept.filter((incident) => incident.end !== undefined);
  const dropped = new Set(ended.slice(0, Math.max(0, ended.length - KEEP_ENDED)));
  const incidents = kept.filter((incident) => !dropped.has(incident));
  return incidents.length === book.incidents.length ? book : { ...book, incidents };
}

function stays(incident: Incident, book: Book, channels: readonly string[], now: number): boolean {
  if (incident.end === undefined || now < incident.end.at) return true;
  if (now - incident.end.at > KEEP_ENDED_MS) return false;
  if (incident.end.how === 'recovered') {
    return [...channels, ...Object.keys(incident.sent)].some((channel) => {
      const sent = incident.sent[channel];
      return sent ? !sent.closed : !isStale(incident, now);
    });
  }
  const untold = Object.values(incident.sent).some((delivery) => delivery.revision < incident.revision);
  return (
    untold ||
    incident.members.some((member) => member.state === 'moved' && failsIn(book, incident.broker, member.name))
  );
}

function failsIn(book: Book, broker: string, name: string): boolean {
  return book.incidents.some(
    (incident) =>
      incident.broker === broker &&
      incident.members.some((member) => member.name === name && isFailing(member)),
  );
}
