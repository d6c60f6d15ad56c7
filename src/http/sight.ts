import type { LastDay } from '../core/last-day.ts';
import { makeBoard, type Board, type Picture } from './board.ts';
import type { HttpContext } from './context.ts';
import { dashboard, mainOf, type DashboardParts } from './page/dashboard.ts';
import { addressOf, type Filter } from './page/filter.ts';
import type { Html } from './page/html.ts';
import { listingOf } from './page/listing.ts';
import { makeSayings, type Sayings } from './page/said.ts';
import { viewOf, type View } from './page/view.ts';

/** What the page shows, for those who ask for it and for those who are told. */
export interface Sight {
  readonly board: Board;
  /** Draws a picture; for all who look through the same filter once. */
  draw(picture: Picture, filter: Filter): Promise<View>;
  main(view: View, filter: Filter): Html;
  /** `said`: the number of what is to be said. */
  page(view: View, filter: Filter, picture: Picture, said?: string): Html;
  readonly sayings: Sayings;
}

export function makeSight(context: HttpContext): Sight {
  const { desk, titleOf, remarks, settings, version } = context;
  const board = makeBoard(desk, context.clock);
  let drawn = { version: 0, views: new Map<string, Promise<View>>() };
  let brokers: readonly string[] = [];
  const sayings = makeSayings();
  const partsOf = (view: View, filter: Filter, now: number, said?: string): DashboardParts => ({
    view,
    filter,
    brokers,
    titleOf,
    settings,
    version,
    now,
    said: said === undefined ? undefined : sayings.get(said),
  });
  async function view(picture: Picture, filter: Filter): Promise<View> {
    const listing = listingOf(picture.accounts, filter);
    const shown = listing.groups.flatMap((group) => group.shown.map(({ name }) => name));
    // The page goes without what tells of the past where that cannot be read.
    const [explanation, days] = await Promise.all([
      filter.account === undefined ? undefined : desk.explain(filter.account).catch(() => undefined),
      desk.lastDays(shown).catch(() => new Map<string, LastDay>()),
    ]);
    return viewOf({ ...picture, listing, days, explanation, titleOf, remarks: remarks() }, filter);
  }

  return {
    board,
    draw(picture, filter) {
      if (drawn.version !== picture.version) drawn = { version: picture.version, views: new Map() };
      brokers = [...new Set(picture.accounts.map(({ broker }) => broker))].sort();
      const key = addressOf(filter);
      const known = drawn.views.get(key) ?? view(picture, filter);
      drawn.views.set(key, known);
      return known;
    },
    main: (view, filter) => mainOf(partsOf(view, filter, 0)),
    page: (view, filter, { now }, said) => dashboard(partsOf(view, filter, now, said)),
    sayings,
  };
}
