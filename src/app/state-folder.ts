import type { Alerts } from '../alerts/alerts.ts';
import type { Mirror } from '../mirror/index.ts';

export interface StateFolderParts {
  readonly alerts: Pick<Alerts, 'raise' | 'resolve'>;
  readonly mirror: Pick<Mirror, 'health'>;
  /** Names this process: each may have a folder of its own. */
  readonly instance: string;
}

/**
 * Says of a STATE_DIR that fails while the service runs, once, and when it works again. While several processes have one
 * each, whoever said so takes it back; a process that starts with one that works takes back what its forerunner said.
 */
export function makeSayStateFolder({ alerts, mirror, instance }: StateFolderParts): () => Promise<void> {
  let isSaid = true;
  return async () => {
    const trouble = mirror.health();
    if (trouble !== undefined) {
      isSaid = true;
      await alerts.raise({
        code: 'state_dir_failing',
        level: 'warning',
        message: `STATE_DIR fails at ${instance}: ${trouble}. Tokens are served and renewed all the same; should Redis lose its data now, refused passwords would be tried again and people asked for tokens they gave.`,
        next: 'It is tried again every 5 s.',
      });
    } else if (isSaid) {
      isSaid = false;
      await alerts.resolve({ code: 'state_dir_failing' });
    }
  };
}
