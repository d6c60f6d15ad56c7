import type { World } from '../world.ts';
import { broken } from './rules.ts';

/** One incident for a cause, opened once and closed once. */
export function watchIncidents(world: World): void {
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
}
