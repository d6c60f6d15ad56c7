import { duration } from '../core/duration.ts';
import { isWhole, movedTo, namesIn, whysOf, type Incident } from './book.ts';
import type { Notice } from './channel.ts';
import { isAllReady, morningText, type Morning } from './morning.ts';
import { pageOf, stepIn, waysIn, whatBotsHave, whatIsNext } from './ways.ts';
import { countOfAccounts, cut, headlineOf, shortNames, unclosing } from './words.ts';

/** An embed as Discord takes it. */
export interface Embed {
  title: string;
  description: string;
  color: number;
  fields: { name: string; value: string }[];
  footer: { text: string };
  timestamp: string;
}

export interface Text {
  content: string;
  embeds: Embed[];
}

/** Discord's limits, in characters: content 2000, title 256, description 4096, field 1024, 6000 in all. */
const TITLE = 200;
const DESCRIPTION = 3_900;
const REASON = 900;
const SIDE_NAMES = 500;
/** Forty of the longest names: the rest of the message makes room for them. */
const NAMES = 2_800;
const SHORT_MOVED = 600;
/** A link stands in its field behind what it does: 1024 for both. */
const LINKS = { links: 10, characters: 2_400, longest: 980 };
/** Description and fields together. */
const BODY = 5_300;
const WHYS = 1_200;
/** What is further ahead needs its date. */
const SAME_DAY_MS = 12 * 60 * 60_000;

const colours = {
  notice: 0x6a737d,
  critical: 0xd73a49,
  warning: 0xe36209,
  recovered: 0x28a745,
  dispersed: 0x6a737d,
} as const;
const marks = { notice: '🔵', critical: '🔴', warning: '🟠', recovered: '🟢', dispersed: '⚪' } as const;

/**
 * The message that opens an incident, as it stands now. Never contains the word that closes one.
 * The content alone must do for a phone's notification: broker, reason, names.
 */
export function openText(notice: Notice): Text {
  const { incident } = notice;
  const over = incident.end?.how === 'dispersed';
  const failing = namesIn(incident, 'failing');
  const touched = incident.members.map((member) => member.name).filter((name) => !isWhole(name));
  const who = failing.length > 0 || over ? failing : touched;
  const mark = over ? 'dispersed' : incident.level;
  const told = unclosing(incident.reason);
  const short = headlineOf(told);
  // Said once: what the first line has room for stands there alone.
  const detail = told === short ? [] : [cut(told, REASON)];
  const names = Math.min(NAMES, lengthOf(list('Failing', failing, Infinity)));
  const fields = incident.end === undefined ? advice(notice, BODY - names - lengthOf(detail) - 300) : [];
  const description = Math.min(
    DESCRIPTION,
    BODY - lengthOf(fields.flatMap(({ name, value }) => [name, value])),
  );
  const moved = movedLines(incident);
  const whys = whyLines(incident, description - names - lengthOf([...detail, ...moved]) - 100);
  const spare = description - names - lengthOf([...detail, ...moved, ...whys]) - 100;
  const side = [...whys, ...list('Back', namesIn(incident, 'back'), Math.max(SIDE_NAMES, spare)), ...moved];
  const room = Math.max(names, description - lengthOf([...detail, ...side]) - 50);
  return {
    content: [
      `${marks[mark]} ${incident.broker}: ${over ? 'over: ' : ''}${short} (${cut(incident.code, 80)})`,
      ...(who.length === 0 ? [] : [counted(who)]),
      ...(over && moved.length > 0 ? [cut(moved.join('; '), SHORT_MOVED)] : []),
    ].join('\n'),
    embeds: [
      {
        title: cut(headline(incident, failing.length, touched.length), TITLE),
        description: cut([...detail, ...list('Failing', failing, room), ...side].join('\n\n'), description),
        color: colours[mark],
        fields,
        ...foot(incident, incident.openedAt),
      },
    ],
  };
}

/** The message that says that an incident still stands. */
export function remindText(notice: Notice): Text {
  const { incident, now } = notice;
  const text = openText(notice);
  const lasted = duration(now - incident.openedAt);
  return { ...text, content: `⏰ Still, after ${lasted}: ${text.content}` };
}

/** The message that closes an incident. */
export function closeText({ incident }: Notice): Text {
  const endedAt = incident.end?.at ?? incident.changedAt;
  const back = namesIn(incident, 'back');
  const lasted = duration(Math.max(1_000, endedAt - incident.openedAt));
  const reason = `It lasted ${lasted}.`;
  const moved = movedLines(incident);
  const room = DESCRIPTION - lengthOf([reason, ...moved]) - 50;
  return {
    content: [
      `${marks.recovered} ${incident.broker}: recovered after ${lasted} (${cut(incident.code, 80)})`,
      ...(back.length === 0 ? [] : [counted(back)]),
      // Where somebody goes on failing, the good news alone would be a lie.
      ...(moved.length === 0 ? [] : [cut(moved.join('; '), SHORT_MOVED)]),
    ].join('\n'),
    embeds: [
      {
        title: cut(
          `${incident.broker}: ${back.length === 0 ? incident.code : countOfAccounts(back.length)} recovered`,
          TITLE,
        ),
        description: cut([reason, ...list('Back', back, room), ...moved].join('\n\n'), DESCRIPTION),
        color: colours.recovered,
        fields: [],
        ...foot(incident, endedAt),
      },
    ],
  };
}

/** The morning's line. Not an embed: the notification shows all of it. */
export function greetText(morning: Morning): Text {
  return { content: `${isAllReady(morning) ? '☀️' : '🌥️'} ${morningText(morning)}`, embeds: [] };
}

function headline(incident: Incident, failing: number, touched: number): string {
  if (touched === 0) return `${incident.broker}: ${incident.code}`;
  if (incident.end?.how === 'dispersed') return `${incident.broker}: ${incident.code} is over`;
  if (failing === 0) return `${incident.broker}: ${countOfAccounts(touched)} failed`;
  return `${incident.broker}: ${failing < touched ? `${failing} of ` : ''}${countOfAccounts(touched)} failing`;
}

/** Where accounts went on failing for another cause: that is no good news. */
function movedLines(incident: Incident): readonly string[] {
  return movedTo(incident).flatMap(({ cause, names }) =>
    list(`Continues as ${cut(cause, 80)}`, names, SIDE_NAMES),
  );
}

function list(label: string, names: readonly string[], limit: number): readonly string[] {
  return names.length === 0 ? [] : [`**${label} (${names.length})**: ${fitNames(names, limit)}`];
}

function lengthOf(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + part.length + 2, 0);
}

function advice({ incident, now, home }: Notice, room: number): { name: string; value: string }[] {
  const next = whatIsNext(incident, now, {
    nothing: 'Nothing by itself: a person must act.',
    at: (instant) => `; as of ${at(now)} the next try is at ${at(instant, now)}`,
  });
  const step = stepIn(incident);
  const characters = Math.min(LINKS.characters, room);
  const { ways, beyond } = waysIn(incident, { ...LINKS, characters }, home);
  const bots = whatBotsHave(incident, now, (instant) => at(instant, now));
  return [
    ...(bots === undefined ? [] : [{ name: 'What bots have', value: bots }]),
    { name: 'What happens next', value: next },
    ...ways.map(({ who, does, link }) => ({ name: `What ${who || 'you'} can do`, value: `${does}${link}` })),
    ...(home === undefined || step === undefined
      ? []
      : [{ name: 'What you can do', value: `${step} ${pageOf(incident, home)}` }]),
    ...(beyond === 0
      ? []
      : [{ name: 'What else', value: `Links on the dashboard: ${countOfAccounts(beyond)}.` }]),
  ];
}

/** What is wrong with single accounts; a message has room for some of it. */
function whyLines(incident: Incident, room: number): readonly string[] {
  const lines = whysOf(incident).map(({ name, why }) => `**${name}**: ${unclosing(why)}`);
  return lines.length === 0 ? [] : [cut(lines.join('\n'), Math.max(100, Math.min(WHYS, room)))];
}

function foot(incident: Incident, instant: number): Pick<Embed, 'footer' | 'timestamp'> {
  return {
    footer: { text: cut(`${incident.broker}:${incident.code}`, TITLE) },
    timestamp: new Date(instant).toISOString(),
  };
}

/** As many names as fit; the others are counted. */
function fitNames(names: readonly string[], limit: number): string {
  let length = 0;
  const fitting = names.findIndex((name) => (length += name.length + 2) > limit);
  if (fitting < 0) return names.join(', ');
  return `${names.slice(0, fitting).join(', ')} and ${names.length - fitting} more`;
}

/** Discord shows it in the reader's own zone. */
function at(instant: number, now = instant): string {
  return `<t:${Math.floor(instant / 1000)}:${instant - now > SAME_DAY_MS ? 'f' : 'T'}>`;
}

/** Who is touched, in the line that a notification shows: how many first. */
function counted(names: readonly string[]): string {
  return names.length === 1 ? shortNames(names) : `${countOfAccounts(names.length)}: ${shortNames(names)}`;
}
