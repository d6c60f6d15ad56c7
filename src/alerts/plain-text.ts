import { DateTime } from 'luxon';
import { duration } from '../core/duration.ts';
import { isWhole, movedTo, namesIn, whysOf } from './book.ts';
import type { Notice } from './channel.ts';
import type { Morning } from './morning.ts';
import { ownLinks, pageOf, stepIn, waysIn, whatBotsHave, whatIsNext } from './ways.ts';
import { countOfAccounts, headlineOf, unclosing } from './words.ts';

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
  /** Whoever works again: not called as the event that closes, which whoever waits for it looks for in the text. */
  readonly back: readonly string[];
  readonly opened_at: string;
  readonly next_try_at: string | null;
  /** Of the first account that has one. */
  readonly link: string | null;
  /** Each account's own: a login, or its details on the page. */
  readonly links: Readonly<Record<string, string>>;
  /** Until when bots have the token of each account that fails; null where they have none. Whose is not known is left out. */
  readonly tokens_until: Readonly<Record<string, string | null>>;
  /** What is wrong with single accounts, beside the reason that all share. */
  readonly details: Readonly<Record<string, string>>;
  readonly sent_at: string;
}

export function reportOf(event: Happening, { incident, now, home }: Notice): IncidentReport {
  const links = ownLinks(incident, home);
  return {
    event,
    id: incident.id,
    broker: incident.broker,
    code: incident.code,
    level: incident.level,
    reason: incident.reason,
    failing: namesIn(incident, 'failing'),
    back: namesIn(incident, 'back'),
    opened_at: new Date(incident.openedAt).toISOString(),
    next_try_at: incident.nextAt === undefined ? null : new Date(incident.nextAt).toISOString(),
    link: links[0]?.link ?? null,
    links: Object.fromEntries(
      links.filter(({ name }) => !isWhole(name)).map(({ name, link }) => [name, link]),
    ),
    tokens_until: Object.fromEntries(
      incident.members.flatMap(({ name, state, tokenUntil }) =>
        state !== 'failing' || tokenUntil === undefined
          ? []
          : [[name, tokenUntil === null ? null : new Date(tokenUntil).toISOString()]],
      ),
    ),
    details: Object.fromEntries(whysOf(incident).map(({ name, why }) => [name, why])),
    sent_at: new Date(now).toISOString(),
  };
}

/** A morning's line for a machine. */
export interface MorningReport {
  readonly event: 'morning';
  readonly day: string;
  readonly brokers: readonly {
    readonly broker: string;
    readonly ready: number;
    readonly total: number;
    /** Why each account that is not ready is not, by its name. */
    readonly not_ready: Readonly<Record<string, string>>;
  }[];
  readonly sent_at: string;
}

export function morningReport({ day, brokers }: Morning, now: number): MorningReport {
  return {
    day,
    event: 'morning',
    brokers: brokers.map(({ broker, ready, total, lacks }) => ({
      broker,
      ready,
      total,
      not_ready: Object.fromEntries(lacks.flatMap(({ why, names }) => names.map((name) => [name, why]))),
    })),
    sent_at: new Date(now).toISOString(),
  };
}

/** Names beyond these are counted. */
const SHOWN_NAMES = 1_000;
const LINKS = { links: 50, characters: 50_000, longest: 2_000 };

/** One line, for a subject. The word that closes an incident stands in no other. */
export function subjectOf(event: Happening, { incident, now }: Notice): string {
  const touched = incident.members.filter((member) => !isWhole(member.name)).length;
  const who = touched === 0 ? '' : `, ${countOfAccounts(touched)}`;
  const reason = headlineOf(unclosing(incident.reason)).replaceAll(/\s+/g, ' ');
  const what = `${incident.broker}${who}: ${reason} (${incident.code})`;
  switch (event) {
    case 'recovered':
      return `[recovered] ${incident.broker}${who}: ${incident.code}`;
    case 'reminder':
      return `[${incident.level}, still after ${duration(now - incident.openedAt)}] ${what}`;
    default:
      return `[${incident.level}] ${what}`;
  }
}

/** The message as lines of text: what happened, to whom, what the service does next, what a person does. */
export function textOf(event: Happening, { incident, now, zone = 'UTC', home }: Notice): string {
  const failing = namesIn(incident, 'failing');
  const back = namesIn(incident, 'back');
  const next = whatIsNext(incident, now, {
    nothing: 'Nothing happens by itself: a person must act.',
    at: (instant) => `, next at ${timeIn(zone, instant)}`,
  });
  const isOver = event === 'recovered';
  const step = stepIn(incident);
  const { ways, beyond } = waysIn(incident, LINKS, home);
  const bots = isOver ? undefined : whatBotsHave(incident, now, (instant) => timeIn(zone, instant));
  return [
    ...(isOver ? [] : [unclosing(incident.reason)]),
    ...(isOver ? [`It lasted ${duration(Math.max(0, now - incident.openedAt))}.`] : []),
    ...(isOver ? [] : whysOf(incident).map(({ name, why }) => `${name}: ${unclosing(why)}`)),
    ...(failing.length > 0 ? [`Failing (${failing.length}): ${shown(failing)}`] : []),
    ...(back.length > 0 ? [`Back (${back.length}): ${shown(back)}`] : []),
    ...movedTo(incident).map(
      ({ cause, names }) => `Continues as ${cause} (${names.length}): ${shown(names)}`,
    ),
    ...(bots === undefined ? [] : [`What bots have: ${bots}`]),
    ...(isOver ? [] : [next]),
    ...(isOver ? [] : ways.map(({ who, does, link }) => `What ${who || 'you'} can do: ${does}${link}`)),
    ...(isOver || beyond === 0 ? [] : [`Links on the dashboard: ${beyond}.`]),
    ...(isOver || home === undefined || step === undefined
      ? []
      : [`What you can do: ${step} ${pageOf(incident, home)}`]),
    `Since ${timeIn(zone, incident.openedAt)}. Cause: ${incident.broker}/${incident.code}.`,
  ].join('\n\n');
}

function timeIn(zone: string, instant: number): string {
  return `${DateTime.fromMillis(instant, { zone, locale: 'en' }).toFormat('ccc d LLL, HH:mm:ss')} (${zone})`;
}

function shown(names: readonly string[]): string {
  const more = names.length - SHOWN_NAMES;
  return `${names.slice(0, SHOWN_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
