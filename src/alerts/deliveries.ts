import { mapIncidents, type Book, type Delivery, type Incident } from './book.ts';
import { unsaidMorning } from './morning.ts';

/** What a channel is to be told next, and from when on. */
export interface Task {
  readonly act: 'open' | 'edit' | 'close' | 'remind';
  readonly incident: Incident;
  readonly dueAt: number;
}

/** What arrives together is said together. Well below the 10 s within which the first word must leave. */
export const GROUP_MS = 2_000;
/** An incident that grows is edited no more often than this. */
export const EDIT_GAP_MS = 5_000;

/** What a channel did not take before it was over so long is no news any more: one that was dead for days is not flooded. */
export const NEWS_MS = 60 * 60_000;

const urgency = { open: 0, close: 1, remind: 2, edit: 3 } as const;

/**
 * True where whoever is mentioned in messages is called by the one that opens it. Nobody is for what is over already:
 * a channel that was away tells of it late.
 */
export const isCalling = ({ hushed, calledBefore, level, end }: Incident): boolean =>
  end === undefined && hushed !== true && calledBefore !== true && level !== 'notice';

/**
 * The next task of a channel: the most urgent that is due, else the one that is due first. `calls`: the channel has
 * somebody to call where an incident becomes worse than a notice.
 */
export function nextTask(book: Book, channel: string, now: number, calls = false): Task | undefined {
  const tasks = book.incidents.flatMap((incident) => taskOf(incident, channel, now, calls) ?? []);
  return tasks.sort((a, b) => order(a, b, now))[0];
}

/** What a channel should have been told by now: how many things, and since when the oldest of them waits (ms). */
export function overdue(
  book: Book,
  channel: string,
  now: number,
): { readonly waiting: number; readonly since: number | undefined } {
  const tasks = book.incidents.flatMap((incident) => taskOf(incident, channel, now) ?? []);
  const morning = unsaidMorning(book, channel, now);
  const waits = [...tasks.map(waitsSince), ...(morning ? [morning.at] : [])].filter((at) => at <= now);
  return { waiting: waits.length, since: waits.length === 0 ? undefined : Math.min(...waits) };
}

/** An edit may have been due for long before there was anything to change. */
const waitsSince = ({ act, incident, dueAt }: Task): number =>
  act === 'edit' ? Math.max(dueAt, incident.changedAt) : dueAt;

function taskOf(incident: Incident, channel: string, now: number, calls = false): Task | undefined {
  const sent = incident.sent[channel];
  if (sent === undefined) {
    // Told before anybody heard of it, a cause that everybody has left for another is no news.
    return incident.end?.how === 'dispersed' || isStale(incident, now)
      ? undefined
      : { act: 'open', incident, dueAt: incident.openedAt + GROUP_MS };
  }
  if (incident.end?.how === 'recovered') {
    return sent.closed ? undefined : { act: 'close', incident, dueAt: incident.end.at };
  }
  const edit: Task | undefined =
    sent.revision < incident.revision ? { act: 'edit', incident, dueAt: sent.at + EDIT_GAP_MS } : undefined;
  const remind = reminderOf(incident, sent, calls);
  return edit && remind ? (remind.dueAt < edit.dueAt ? remind : edit) : (edit ?? remind);
}

/** True where a channel that has not opened an incident need not do so any more. */
export const isStale = ({ end }: Incident, now: number): boolean =>
  end !== undefined && now - end.at > NEWS_MS;

/**
 * What nobody heeded is said again, in a message of its own: an edit makes no sound. Who still fails
 * says when; what is due for several of them at once is said once.
 */
function reminderOf(incident: Incident, sent: Delivery, calls: boolean): Task | undefined {
  if (incident.end !== undefined) return undefined;
  const failing = incident.members.filter(({ state }) => state === 'failing');
  const reminders = incident.level === 'critical' ? failing.flatMap(({ remindAt = [] }) => remindAt) : [];
  // It opened without calling anybody; an edit would not either.
  const call = calls && incident.callAt !== undefined ? [incident.callAt] : [];
  const ahead = [...call, ...reminders].filter((at) => at > sent.remindedUntil);
  return ahead.length === 0 ? undefined : { act: 'remind', incident, dueAt: Math.min(...ahead) };
}

function order(a: Task, b: Task, now: number): number {
  const [aDue, bDue] = [a.dueAt <= now, b.dueAt <= now];
  if (aDue !== bDue) return aDue ? -1 : 1;
  return (aDue ? urgency[a.act] - urgency[b.act] : 0) || a.dueAt - b.dueAt;
}

/** Notes that a channel accepted a task's message, as it stood when it was sent. */
export function delivered(book: Book, task: Task, channel: string, message: string, now: number): Book {
  const delivery: Delivery = {
    message,
    // A reminder is a message of its own: the first one still shows what it showed.
    revision: task.act === 'remind' ? (task.incident.sent[channel]?.revision ?? 0) : task.incident.revision,
    at: now,
    closed: task.act === 'close',
    // Those that were due before the first word could leave are said with it.
    remindedUntil:
      task.act === 'open' || task.act === 'remind'
        ? now
        : (task.incident.sent[channel]?.remindedUntil ?? now),
  };
  return mapIncidents(book, (incident) =>
    incident.id === task.incident.id
      ? { ...incident, sent: { ...incident.sent, [channel]: delivery } }
      : incident,
  );
}

/** Notes that a channel has said a morning's line, or will never take it. */
export function saidMorning(book: Book, day: string, channel: string): Book {
  const { morning } = book;
  if (morning?.day !== day || morning.sent.includes(channel)) return book;
  return { ...book, morning: { ...morning, sent: [...morning.sent, channel] } };
}
