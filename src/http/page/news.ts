import type { View } from './view.ts';

/** What a page that has been sent before needs to be brought up to date. */
export interface News {
  readonly title: string;
  readonly tone: string;
  /** Elements that are new or have changed. */
  readonly parts: readonly string[];
  /** Lists whose lines are others, or stand in another order. */
  readonly lists: readonly { readonly id: string; readonly ids: readonly string[] }[];
}

/** What a stream has sent: markup by id, without what a page's own clock moves. */
export interface Sent {
  readonly parts: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, string>;
}

/** Notes what a view holds. */
export function sentOf(view: View): Sent {
  return {
    parts: new Map([...view.parts].map(([id, { markup }]) => [id, still(markup)])),
    lists: new Map(view.lists.map(({ id, ids }) => [id, ids.join(' ')])),
  };
}

/** What a view holds beyond what was sent; undefined where sections came or went: the page is then to be had anew. */
export function newsOf(view: View, before: Sent, after: Sent): News | undefined {
  if ([...after.lists.keys()].join(' ') !== [...before.lists.keys()].join(' ')) return undefined;
  const parts = [...view.parts].flatMap(([id, { markup }]) =>
    before.parts.get(id) === after.parts.get(id) ? [] : [markup],
  );
  const lists = view.lists.filter(({ id }) => before.lists.get(id) !== after.lists.get(id));
  return { title: view.title, tone: view.tone, parts, lists };
}

/** Times are moved on by the page itself: they are no news. */
const still = (markup: string): string =>
  markup
    .replaceAll(/(<time[^>]*>)[^<]*/g, '$1')
    .replaceAll(/<(?:time|progress)\s[^>]*>/g, (tag) => tag.replaceAll(/\s(?:class="\w+"|value="\d+")/g, ''));
