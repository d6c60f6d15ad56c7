import type { World } from '../world.ts';
import { broken, served } from './rules.ts';
import { whileWell, type Wellness } from './wellness.ts';

/** A stopped account is looked at each minute, and whoever takes over says again what is open. */
const SAID_WITHIN_MS = 3 * 60_000;
/** Without a token for longer than any pause between two tries, an account is no passing matter. */
const WITHOUT_MS = 20 * 60_000;

/** One incident for a cause, opened once and closed once; and one for everything that lasts. */
export function watchIncidents(world: World, wellness: Wellness): void {
  let seen = 0;
  const closed = new Set<string>();
  world.onStep(() => {
    while (seen < world.alerts.length) {
      const news = world.alerts[seen++];
      if (!news) return;
      if (news.what === 'closed') closed.add(news.id);
      else if (closed.has(news.id))
        broken(`the incident ${news.id} was opened again after it had been closed`);
      const twins = world
        .openIncidents()
        .filter(({ broker, code }) => broker === news.broker && code === news.code);
      if (twins.length > 1)
        broken(`two incidents of one cause are open: ${twins.map(({ id }) => id).join(' and ')}`);
    }
  });

  const silentSince = new Map<string, { readonly why: string; readonly at: number }>();
  whileWell(world, wellness, { everyMs: 10_000, afterMs: 60_000 }, (now) => {
    const said = new Set(world.openIncidents().flatMap(({ accounts }) => accounts));
    for (const name of served(world)) {
      const { state = '' } = world.state(name);
      // An Upstox account rests at night, and its person is asked by day.
      const isAway = world.token(name) === undefined && !name.startsWith('UP_');
      const why = state === 'stopped' ? 'is stopped' : isAway ? 'has no token' : undefined;
      if (why === undefined || said.has(name)) {
        silentSince.delete(name);
        continue;
      }
      const before = silentSince.get(name);
      const wellSince = wellness.since() ?? now;
      const at = before?.why === why ? Math.max(before.at, wellSince) : now;
      silentSince.set(name, { why, at });
      if (now - at > (state === 'stopped' ? SAID_WITHIN_MS : WITHOUT_MS))
        broken(`${name} ${why} (${JSON.stringify(world.state(name))}) and nobody was told`);
    }
  });
}
