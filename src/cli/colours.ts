import type { State } from '../core/state.ts';

/** How each state of an account stands out on a terminal. */
export const stateColours = {
  fresh: 'green',
  due: 'cyan',
  refreshing: 'cyan',
  backing_off: 'yellow',
  awaiting_approval: 'magenta',
  stopped: 'red',
  paused: 'gray',
  expired: 'red',
  disabled: 'gray',
} as const satisfies Readonly<Record<State, string>>;
