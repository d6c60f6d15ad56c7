import type { Log } from '../core/log.ts';

/** A command speaks to a person itself. */
export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
