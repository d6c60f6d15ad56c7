import type { BrokerCall } from '../broker-net.ts';
import { issuedIn, type Issued } from '../truth.ts';
import type { World } from '../world.ts';
import { broken, hashAt, nameOf, observed } from './rules.ts';

/** A time without a live token, between two instants (ms). */
export interface Gap {
  readonly from: number;
  readonly until: number;
}

/** The tokens of each account whose text is looked for: older ones are dead. */
const WATCHED_TOKENS = 12;

/** What is served was handed out, is the newest, lives no longer than it does, and generations grow. */
export function watchTokens(world: World): {
  /** An older token may be served again. */
  forget(): void;
  /** Redis lost data behind everybody's back: whatever is gone is gone from now on. */
  redisLost(): void;
  /** The newest tokens of each account. */
  latest(): readonly Issued[];
  gaps(): ReadonlyMap<string, readonly Gap[]>;
  /** How long all names together have been served since their first tokens, ms. */
  servedMs(): number;
} {
  const issued = new Map<string, Issued>();
  const published = new Map<string, { order: number; generation: number }>();
  const firstAt = new Map<string, number>();
  const without = new Map<string, number>();
  const gaps = new Map<string, Gap[]>();
  /** The newest of each account. */
  const newest = new Map<string, readonly Issued[]>();
  let latest: readonly Issued[] = [];
  let order = 0;
  const { keyspace } = world.redisServer;

  const remember = (call: BrokerCall): void => {
    for (const each of issuedIn(call, ++order)) {
      issued.set(each.token, each);
      const login = `${each.broker} ${each.username ?? ''}`;
      newest.set(login, [...(newest.get(login) ?? []), each].slice(-WATCHED_TOKENS));
    }
    latest = [...newest.values()].flat();
  };
  world.onCall((call, what) => {
    if (what === 'answered') remember(call);
  });
  world.onPost((post) => remember(post));

  const noteGap = (name: string): void => {
    const isServed = keyspace.typeOf(`token:${name}`) === 'string';
    const from = without.get(name);
    if (!isServed && from === undefined) without.set(name, world.now());
    if (!isServed || from === undefined) return;
    without.delete(name);
    if (world.now() > from) gaps.set(name, [...(gaps.get(name) ?? []), { from, until: world.now() }]);
  };

  world.onStep((changed) => {
    for (const key of changed) {
      const [, kind, name = ''] = /^(token|auth|meta):(.+)$/s.exec(key) ?? [];
      // What somebody else serves is judged in observed.ts.
      if (kind === undefined || observed(world).includes(name)) continue;
      if (kind === 'meta') checkGeneration(name);
      else checkToken(key, name, kind === 'token');
    }
  });

  function checkGeneration(name: string): void {
    const generation = Number(hashAt(world, `meta:${name}`).get('generation') ?? 0);
    if (generation === 0) return;
    const before = published.get(name) ?? { order: 0, generation: 0 };
    if (generation < before.generation) {
      broken(`the generation of ${name} went back from ${before.generation} to ${generation}`);
    }
    published.set(name, { ...before, generation });
  }

  /** What is there of a name is of one token; a key that somebody removed says nothing. */
  function checkAgreement(name: string): void {
    const text = (key: string): string | undefined =>
      keyspace.typeOf(key) === 'string' ? keyspace.find(key, 'string')?.text : undefined;
    const [token, auth] = [text(`token:${name}`), text(`auth:${name}`)];
    const headers = hashAt(world, `meta:${name}`).get('headers');
    if (token !== undefined && auth !== undefined && token !== auth)
      broken(`token:${name} and auth:${name} differ`);
    if (token !== undefined && headers !== undefined && !headers.includes(token))
      broken(`meta:${name} is not of the token beside it`);
  }

  function checkToken(key: string, name: string, counts: boolean): void {
    if (keyspace.typeOf(key) !== 'string') {
      if (counts && published.has(name)) noteGap(name);
      return;
    }
    checkAgreement(name);
    const token = keyspace.find(key, 'string')?.text ?? '';
    const known = issued.get(token);
    const until = keyspace.expiryOf(key);
    if (!known) return broken(`${key} holds a text that no broker handed out`);
    const other = world.entries().find((entry) => nameOf(entry) === name)?.username;
    if (known.username !== undefined && other !== undefined && known.username !== other)
      broken(`${key} holds a token of ${known.username}`);
    if (until === undefined) return broken(`${key} has no end`);
    if (until > known.expiresAt) broken(`${key} outlives its token by ${until - known.expiresAt} ms`);
    if (!counts) return;
    if (!firstAt.has(name)) firstAt.set(name, world.now());
    const before = published.get(name) ?? { order: 0, generation: 0 };
    if (known.order < before.order) broken(`${key} went back to an older token`);
    published.set(name, { ...before, order: known.order });
    noteGap(name);
    // Its end is no write: somebody has to look when it comes.
    world.timeline.at(until, () => noteGap(name));
  }

  return {
    forget() {
      for (const [name, before] of published) published.set(name, { ...before, order: 0 });
    },
    redisLost() {
      for (const name of published.keys()) noteGap(name);
    },
    latest: () => latest,
    servedMs: () => [...firstAt.values()].reduce((sum, at) => sum + world.now() - at, 0),
    gaps: () => {
      const open = [...without].map(([name, from]): [string, Gap[]] => [
        name,
        [...(gaps.get(name) ?? []), { from, until: world.now() }],
      ]);
      return new Map([...gaps, ...open]);
    },
  };
}
