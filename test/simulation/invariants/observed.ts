import { readJwt } from '../../../src/brokers/jwt.ts';
import { isForeign } from '../foreign.ts';
import type { World } from '../world.ts';
import { broken, nameOf, observed } from './rules.ts';

/** An account that somebody else serves gets no call from us, and what bots read of it stays as its writer left it. */
export function watchObserved(world: World): void {
  const { keyspace } = world.redisServer;
  world.onCall((call, what) => {
    const theirs = world
      .entries()
      .find((entry) => entry.mode === 'observe' && entry.username === call.username);
    if (what === 'arrived' && theirs)
      broken(`${nameOf(theirs)} is only observed, and ${call.by} called ${call.operation}`);
  });
  world.onStep((changed) => {
    if (changed.length === 0) return;
    for (const name of observed(world)) {
      for (const key of [name, `auth:${name}`, `meta:${name}`, `state:${name}`]) {
        if (changed.includes(key) && keyspace.typeOf(key) !== 'none')
          broken(`${key} was written, and ${name} is only observed`);
      }
      const key = `token:${name}`;
      if (!changed.includes(key) || keyspace.typeOf(key) !== 'string') continue;
      const text = keyspace.find(key, 'string')?.text ?? '';
      if (!isForeign(text)) broken(`${key} was overwritten, and ${name} is only observed`);
      if ((keyspace.expiryOf(key) ?? Infinity) > (readJwt(text)?.exp ?? 0))
        broken(`the end of ${key} was moved`);
    }
  });
}
