import type { Broker } from '../core/broker.ts';

/**
 * Every broker there is, one line each; nothing else names them. The first is meant by an entry that
 * names none. `import()` is awaited here so that a broker is one line and not two.
 */
export const brokers: readonly Broker[] = await Promise.all([
  import('./tradovate/index.ts').then(({ tradovate }) => tradovate),
  import('./ig/index.ts').then(({ ig }) => ig),
  import('./upstox/index.ts').then(({ upstox }) => upstox),
]);

/** Readers of the settings files that other programs keep, for `import`: one line for each broker that has any. */
export const settingsShapes = await Promise.all([
  import('./upstox/older-shape.ts').then(({ fromSettings }) => fromSettings),
]);
