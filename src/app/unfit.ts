import { ConfigurationError } from '../core/errors.ts';
import type { StartOptions } from './service.ts';

/**
 * Runs `work` and ends the process where it finds that a person must change something: another key, world or
 * Redis has come in the place of ours, and to go on with half of what is stored would harm the accounts.
 */
export function orUnfit(work: () => Promise<void>, giveUp: StartOptions['giveUp']): () => Promise<void> {
  return async () => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      giveUp(error.message, 2);
    }
  };
}
