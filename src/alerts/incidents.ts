import {
  isWhole,
  levels,
  mapIncidents,
  wholeAt,
  type Book,
  type Incident,
  type Level,
  type Member,
} from './book.ts';
import { isHushed, memberOf, type Failure } from './members.ts';
import { outageOf } from './outages.ts';

export type { Failure } from './members.ts';

export interface AccountRef {
  readonly broker: string;
  readonly account: string;
}

/** Whoever was called for an account so lately is not called again because its cause has another name now. */
const CALLED_MS = 10 * 60_000;
/** A next try that moved by less is not said again, nor is it said more often than this. */
const RESAY_MS = 15 * 60_000;
/** What comes and goes is over once nobody has failed for it for so long. */
export const RECURS_MS = 15 * 60_000;

/**
 * An account fails. It joins the incident of its cause, or opens one, and leaves any other. The same
 * failure again returns the same book: nothing to store, nothing to say.
 */
export function failed(book: Book, said: Failure, now: number): Book {
  const failure = followed(book, said, now);
  // An incident whose accounts all moved away is taken up again: an account that flaps between two
  // causes must not post a new message at every turn.
  const target = book.incidents.find((incident) => isCause(incident, failure) && !isRecovered(incident, now));
  const left = isWhole(failure.account)
    ? book
    : leave(book, failure, { state: 'moved', movedTo: failure.code }, now, (incident) => incident !== target);
  const calledBefore = wasCalled(book, failure, now);
  if (target === undefined) {
    return { ...left, incidents: [...left.incidents, opened(left, failure, calledBefore, now)] };
  }
  return mapIncidents(left, (incident) =>
    incident === target ? joined(incident, failure, calledBefore, now) : incident,
  );
}

/** True where the account fails elsewhere, as badly, and people were called for that a moment ago. */
function wasCalled(book: Book, { broker, account, level }: Failure, now: number): boolean {
  return book.incidents.some(
    (incident) =>
      incident.broker === broker &&
      incident.hushed !== true &&
      incident.level !== 'notice' &&
      worse(level, incident.level) === incident.level &&
      incident.members.some(
        (member) => member.name === account && isFailing(member) && now - member.since < CALLED_MS,
      ),
  );
}

const isRecovered = ({ end }: Incident, now: number): boolean => end?.how === 'recovered' && end.at <= now;

/**
 * A silence that a limit by the minute has brought is no cause of its own: it would come and go with it. Nor is what
 * an account has met of an outage that is told of already.
 */
function followed(book: Book, failure: Failure, now: number): Failure {
  const outage = outageOf(book, failure);
  if (outage) return { ...failure, code: outage.code, message: outage.reason };
  if (failure.follows !== true) return failure;
  const cause = book.incidents.find(
    (incident) => incident.broker === failure.broker && incident.recurs && !isRecovered(incident, now),
  );
  return cause ? { ...failure, code: cause.code, message: cause.reason } : failure;
}

/** An account works again. The last one of an incident ends it. */
export function recovered(book: Book, account: AccountRef, now: number): Book {
  return leave(forgetMoves(book, account), account, { state: 'back' }, now, () => true);
}

/** An account rests by a person's will: it leaves its incidents without a word of recovery. */
export function left(book: Book, account: AccountRef, now: number): Book {
  return leave(book, account, { state: 'left' }, now, () => true);
}

/** What was wrong with no account in particular is right again. */
export function resolved(
  book: Book,
  cause: { readonly broker: string; readonly code: string; readonly place?: string | undefined },
  now: number,
): Book {
  return leave(
    book,
    { broker: cause.broker, account: wholeAt(cause.place) },
    { state: 'back' },
    now,
    (incident) => isCause(incident, cause),
  );
}

/** An account that people were told of. */
export interface Failing extends AccountRef {
  /** Its token was served all the same. */
  readonly served: boolean;
}

/** Everybody who fails, as far as people were told. */
export function failing(book: Book): readonly Failing[] {
  return book.incidents.flatMap(({ broker, members }) =>
    members
      .filter((member) => isFailing(member) && !isWhole(member.name))
      .map(({ name, served = false }) => ({ broker, account: name, served })),
  );
}

/** Accounts that are not watched any more leave their incidents without a word of recovery. */
export function retained(book: Book, watched: readonly AccountRef[], now: number): Book {
  const kept = new Set(watched.map((account) => `${account.broker}/${account.account}`));
  const gone = book.incidents.flatMap((incident) =>
    incident.members
      .filter(
        (member) =>
          isFailing(member) && !isWhole(member.name) && !kept.has(`${incident.broker}/${member.name}`),
      )
      .map((member): AccountRef => ({ broker: incident.broker, account: member.name })),
  );
  return gone.reduce((rest, account) => leave(rest, account, { state: 'left' }, now, () => true), book);
}

function opened(book: Book, failure: Failure, calledBefore: boolean, now: number): Incident {
  const id = `${failure.broker}:${failure.code}@${now}`;
  const twins = book.incidents.filter((incident) => incident.id.startsWith(id)).length;
  return {
    id: twins === 0 ? id : `${id}.${twins}`,
    broker: failure.broker,
    code: failure.code,
    level: failure.level,
    ...said(failure),
    openedAt: now,
    ...(isHushed(failure, now) && { hushed: true }),
    ...(calledBefore && { calledBefore }),
    ...(failure.recurs === true && { recurs: true }),
    members: [memberOf(failure, now, now)],
    revision: 1,
    changedAt: now,
    sent: {},
  };
}

function joined(incident: Incident, failure: Failure, calledBefore: boolean, now: number): Incident {
  const known = incident.members.find((candidate) => candidate.name === failure.account);
  const isNew = known === undefined || !isFailing(known);
  const isAgain = incident.recurs === true && known?.state === 'back';
  const level = worse(failure.level, incident.level);
  const material =
    (isNew && !isAgain) ||
    known.why !== failure.why ||
    level !== incident.level ||
    (failure.link !== undefined && known.link === undefined) ||
    (now - incident.changedAt >= RESAY_MS && nextMoved(incident.nextAt, failure.nextAt));
  if (!material && !isNew) return incident;
  const fresh = memberOf(failure, incident.openedAt, isNew ? now : known.since);
  // Whose reminders were planned once keeps them: nothing is called out twice.
  const member = isNew ? fresh : { ...fresh, remindAt: known.remindAt, link: failure.link ?? known.link };
  const { hushed, calledBefore: wereCalled, ...rest } = incident;
  // One that nobody was called for, or that is worse now, is not covered by the call for those that moved here.
  const isCovered = wereCalled === true && (calledBefore || !isNew) && level === incident.level;
  // A token that ends is worth another call: whoever heard the warning may have let it be.
  const isWorse = level !== incident.level;
  const isCall = (isWorse || (wereCalled === true && !isCovered)) && !isHushed(failure, now);
  return {
    ...rest,
    ...said(failure),
    level,
    ...(hushed === true && isHushed(failure, now) && { hushed }),
    ...(isCovered && { calledBefore: true }),
    ...(isCall && { callAt: now }),
    ...(failure.recurs === true && { recurs: true }),
    members: withMember(incident.members, member),
    ...(material && { revision: incident.revision + 1, changedAt: now }),
    end: undefined,
  };
}

/** An incident is as bad as its worst account was. */
function worse(one: Level, other: Level): Level {
  return levels.indexOf(one) > levels.indexOf(other) ? one : other;
}

function said(failure: Failure): Pick<Incident, 'reason' | 'nextAt' | 'next'> {
  return { reason: failure.message, nextAt: failure.nextAt, next: failure.next };
}

function nextMoved(before: number | undefined, after: number | undefined): boolean {
  if (before === undefined || after === undefined) return before !== after;
  return Math.abs(after - before) >= RESAY_MS;
}

/** Takes an account out of the incidents it fails in; one that is left empty ends. */
function leave(
  book: Book,
  account: AccountRef,
  how: Pick<Member, 'state' | 'movedTo'>,
  now: number,
  concerns: (incident: Incident) => boolean,
): Book {
  return mapIncidents(book, (incident) => {
    if (incident.broker !== account.broker || !concerns(incident)) return incident;
    const member = incident.members.find((candidate) => candidate.name === account.account);
    if (member === undefined || !isFailing(member)) return incident;
    const members = withMember(incident.members, { name: member.name, since: member.since, ...how });
    const isSilent = incident.recurs === true && how.state === 'back';
    const news = isSilent ? {} : { revision: incident.revision + 1, changedAt: now };
    const changed = { ...incident, members, ...news };
    if (members.some(isFailing)) return changed;
    const end = members.some(({ state }) => state === 'back') ? 'recovered' : 'dispersed';
    const at = incident.recurs === true && end === 'recovered' ? now + RECURS_MS : now;
    return { ...changed, end: { how: end, at } } satisfies Incident;
  });
}

/** Where an account that is well again had moved away from, it must not be said to go on failing. */
function forgetMoves(book: Book, account: AccountRef): Book {
  return mapIncidents(book, (incident) => {
    const member = incident.members.find((candidate) => candidate.name === account.account);
    if (incident.broker !== account.broker || member?.state !== 'moved') return incident;
    const members = withMember(incident.members, { name: member.name, state: 'left', since: member.since });
    return { ...incident, members };
  });
}

function withMember(members: readonly Member[], member: Member): readonly Member[] {
  const index = members.findIndex((candidate) => candidate.name === member.name);
  return index < 0 ? [...members, member] : members.with(index, member);
}

function isCause(incident: Incident, cause: { readonly broker: string; readonly code: string }): boolean {
  return incident.broker === cause.broker && incident.code === cause.code;
}

export function isFailing(member: Member): boolean {
  return member.state === 'failing';
}
