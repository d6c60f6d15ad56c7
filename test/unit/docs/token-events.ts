import { found, textOf } from './documents.ts';

/** The words that are published on `token-events`, as the store and the roster write them. */
export const tokenEvents: ReadonlySet<string> = new Set([
  ...found(/readonly events: ([^;]+);/.exec(textOf('src/core/store.ts'))?.[1] ?? '', /'([a-z]+)'/g),
  ...found(/readonly event: ([^;]+);/.exec(textOf('src/core/store.ts'))?.[1] ?? '', /'([a-z]+)'/g),
  ...found(textOf('src/redis/roster.ts'), /event: '([a-z]+)'/g),
]);
