import type { Alerts } from '../alerts/alerts.ts';
import type { Mirror } from '../mirror/index.ts';
import type { Instances } from '../redis/instances.ts';

export interface StateFolderParts {
  readonly alerts: Pick<Alerts, 'raise' | 'resolve' | 'places'>;
  readonly mirror: Pick<Mirror, 'health'>;
  readonly instances: Pick<Instances, 'living'>;
  /** Names this process: each may have a folder of its own. */
  readonly instance: string;
}

const cause = { code: 'state_dir_failing' } as const;

/**
 * Says of a STATE_DIR that fails while the service runs, once, and when it works again. While several processes have one
 * each, each takes back its own word alone; for one that is gone, its successor most of all, any does whose own works.
 */
export function makeSayStateFolder(parts: StateFolderParts): () => Promise<void> {
  const { alerts, mirror, instances, instance } = parts;
  return async () => {
    const trouble = mirror.health();
    if (trouble !== undefined) {
      await alerts.raise({
        ...cause,
        place: instance,
        level: 'warning',
        message:
          'STATE_DIR fails. Tokens are served and renewed all the same; should Redis lose its data now, refused passwords would be tried again and people asked for tokens they gave.',
        why: trouble,
        next: 'It is tried again every 5 s.',
      });
      return;
    }
    const places = await alerts.places(cause);
    if (places.length === 0) return;
    const others = new Set((await instances.living()).filter((each) => each !== instance));
    for (const place of places) {
      if (!others.has(place)) await alerts.resolve({ ...cause, place: place === '' ? undefined : place });
    }
  };
}
