import { isWhole, linksOf, namesIn, type Incident } from './book.ts';
import { PASSING } from './outages.ts';
import { countOfAccounts } from './words.ts';

/** A way in for a person, and whom it is for; empty where it is for all that fail. */
export interface Way {
  readonly who: string;
  /** What the link does, to stand before it; with a space behind it. */
  readonly does: string;
  readonly link: string;
}

/**
 * Where persons act, as many as a message has room for: one line where all have one place to go to, else one for
 * each account. `beyond` are the accounts whose link did not fit.
 */
export function waysIn(
  incident: Incident,
  room: { readonly links: number; readonly characters: number; readonly longest: number },
  home?: string,
): { readonly ways: readonly Way[]; readonly beyond: number } {
  const links = ownLinks(incident, home);
  const [first, ...others] = linksOf(incident);
  if (first === undefined) return { ways: [], beyond: 0 };
  if (others.every(({ link }) => link === first.link)) {
    const link = first.link === home ? pageOf(incident, home) : first.link;
    return link.length <= Math.min(room.longest, room.characters)
      ? { ways: [{ who: '', does: doneBy(link, home), link }], beyond: 0 }
      : { ways: [], beyond: links.length };
  }
  let left = room.characters;
  const ways: Way[] = [];
  for (const { name, link } of links) {
    const does = doneBy(link, home);
    const length = name.length + does.length + link.length;
    // Half a link leads nowhere.
    if (ways.length === room.links || link.length > room.longest || length > left) continue;
    left -= length;
    ways.push({ who: name, does, link });
  }
  return { ways, beyond: links.length - ways.length };
}

/** A link is followed sooner by whoever knows where it leads; what is none of the page's is a person's login. */
function doneBy(link: string, home: string | undefined): string {
  if (home === undefined) return '';
  return link.startsWith(home) ? 'See what is wrong, and mend it: ' : 'Log in at the broker: ';
}

/**
 * What a person can do where no link leads to a step, to be followed by the page's address; undefined where one
 * does, or nobody fails any more.
 */
export function stepIn(incident: Incident): string | undefined {
  if (linksOf(incident).length > 0 || namesIn(incident, 'failing').length === 0) return undefined;
  if (incident.nextAt === undefined) return 'What is said above. How it stands:';
  return PASSING.includes(incident.code)
    ? 'Nothing yet. How it goes:'
    : 'Mend what is named above, if anything is. How it goes:';
}

/** The page that tells of an incident: of the one account that fails, where it is one. */
export function pageOf(incident: Incident, home: string): string {
  const [name, ...others] = namesIn(incident, 'failing');
  return name === undefined || others.length > 0 ? home : pageOfAccount(name, home);
}

/** Where a person acts for each account that fails: what leads to the page leads to that account's details. */
export function ownLinks(
  incident: Incident,
  home: string | undefined,
): readonly { readonly name: string; readonly link: string }[] {
  return linksOf(incident).map(({ name, link }) => ({
    name,
    link: link === home && !isWhole(name) ? pageOfAccount(name, home) : link,
  }));
}

const pageOfAccount = (name: string, home: string): string => `${home}?account=${encodeURIComponent(name)}`;

/**
 * What bots have of those that fail, and until when; undefined where nothing is known of it.
 * @param time says an instant (ms) to whoever reads it
 */
export function whatBotsHave(
  { members }: Incident,
  now: number,
  time: (instant: number) => string,
): string | undefined {
  const failing = members.filter(({ name, state }) => state === 'failing' && !isWhole(name));
  const known = failing.flatMap(({ name, tokenUntil }) =>
    tokenUntil === undefined ? [] : [{ name, until: tokenUntil ?? 0 }],
  );
  const [first, ...others] = known.filter(({ until }) => until > now).toSorted((a, b) => a.until - b.until);
  const without = known.filter(({ until }) => until <= now).length;
  if (known.length === 0) return undefined;
  if (first === undefined)
    return without === failing.length ? 'No token.' : `No token for ${countOfAccounts(without)}.`;
  if (failing.length === 1) return `A token until ${time(first.until)}.`;
  const has = `a token for ${countOfAccounts(others.length + 1)}, the first until ${time(first.until)} (${first.name}).`;
  return without === 0 ? capital(has) : `No token for ${countOfAccounts(without)}; ${has}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * What the service does next by itself, and when.
 * @param words `nothing`: where it does nothing; `at` leads to an instant (ms)
 */
export function whatIsNext(
  { nextAt, next }: Incident,
  now: number,
  words: { readonly nothing: string; readonly at: (instant: number) => string },
): string {
  if (nextAt === undefined) return next ?? words.nothing;
  const when = nextAt > now ? words.at(nextAt) : '; the next try is due now';
  return `The service tries again by itself${when}.`;
}
