import { duration } from '../core/duration.ts';
import { namesIn, WHOLE } from './book.ts';
import type { Notice } from './channel.ts';

/** What a notice says: an incident began, still stands, changed, or is over. */
export type Happening = 'opened' | 'changed' | 'reminder' | 'recovered';

/** An incident for a machine. The field names are part of what operators rely on. */
export interface IncidentReport {
  readonly event: Happening;
  readonly id: string;
  readonly broker: string;
  readonly code: string;
  readonly level: string;
  readonly reason: string;
  readonly failing: readonly string[];
  readonly recovered: readonly string[];
  readonly opened_at: string;
  readonly next_try_at: string | null;
  readonly link: string | null;
  readonly sent_at: string;
}

export function reportOf(event: Happening, { incident, now }: Notice): IncidentReport {
  return {
    event,
    id: incident.id,
    broker: incident.broker,
    code: incident.code,
    level: incident.level,
    reason: incident.reason,
    failing: namesIn(incident, 'failing'),
    recovered: namesIn(incident, 'back'),
    opened_at: new Date(incident.openedAt).toISOString(),
    next_try_at: incident.nextAt === undefined ? null : new Date(incident.nextAt).toISOString(),
    link: incident.link ?? null,
    sent_at: new Date(now).toISOString(),
  };
}

/** Names beyond these are counted. */
const SHOWN_NAMES = 50;

/** One line, for a subject. The word that closes an incident stands in no other. */
export function subjectOf(event: Happening, { incident, now }: Notice): string {
  const touched = incident.members.filter((member) => member.name !== WHOLE).length;
  const who = touched === 0 ? '' : `, ${touched === 1 ? '1 account' : `${touched} accounts`}`;
  const what = `${incident.broker}: ${incident.code}${who}`;
  switch (event) {
    case 'recovered':
      return `[recovered] ${what}`;
    case 'reminder':
      return `[${incident.level}, still after ${duration(now - incident.openedAt)}] ${what}`;
    default:
      return `[${incident.level}] ${what}`;
  }
}

/** The message as lines of text: what happened, to whom, what the service does next, what a person does. */
export function textOf(event: Happening, { incident, now }: Notice): string {
  const failing = namesIn(incident, 'failing');
  const back = namesIn(incident, 'back');
  const next =
    incident.nextAt === undefined
      ? 'Nothing happens by itself: a person must act.'
      : `The service tries again by itself, next at ${new Date(incident.nextAt).toISOString()}.`;
  const isOver = event === 'recovered';
  return [
    incident.reason,
    ...(isOver ? [`It lasted ${duration(Math.max(0, now - incident.openedAt))}.`] : []),
    ...(failing.length > 0 ? [`Failing (${failing.length}): ${shown(failing)}`] : []),
    ...(back.length > 0 ? [`Back (${back.length}): ${shown(back)}`] : []),
    ...(isOver ? [] : [next]),
    ...(isOver || incident.link === undefined ? [] : [`What you can do: ${incident.link}`]),
    `Since ${new Date(incident.openedAt).toISOString()}. Cause: ${incident.broker}/${incident.code}.`,
  ].join('\n\n');
}

function shown(names: readonly string[]): string {
  const more = names.length - SHOWN_NAMES;
  return `${names.slice(0, SHOWN_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
