export { diffAccounts, type AccountChange, type AccountsDiff } from './diff.ts';
export { exposedOf, type Exposed } from './exposure.ts';
export type { FileRead } from './files.ts';
export { loadAccounts, readAccounts, type AccountsSource, type Loaded, type Reading } from './read.ts';
export { watchAccounts, type AccountsWatch, type Outcome, type WatchOptions } from './watch.ts';
