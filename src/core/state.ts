/** The states of an account, as the contract names them. */
export const states = [
  'fresh',
  'due',
  'refreshing',
  'backing_off',
  'awaiting_approval',
  'stopped',
  'paused',
  'expired',
  'disabled',
] as const;

export type State = (typeof states)[number];
