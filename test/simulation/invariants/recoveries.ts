import type { Life } from '../process.ts';
import type { World } from '../world.ts';
import { broken, served, SLACK_MS, type InvariantOptions } from './rules.ts';
import { whileWell, type Wellness } from './wellness.ts';

/** A token that ends sooner after the loss is no proof: clocks may stand half an hour apart. */
const LEAST_LEFT_MS = 60 * 60_000;

/** A token that only a person can get, and that is served. */
interface Token {
  readonly text: string;
  readonly since: number;
}

/** What a loss of Redis took, and who has it on a disk. */
interface Owed {
  readonly lostAt: number;
  readonly endsAt: number;
  readonly knownTo: readonly Life[];
}

/** A token that only a person can get comes back from a disk, where a living process has it: nobody logs in twice. */
export function watchRecoveries(
  world: World,
  wellness: Wellness,
  { planWithinMs }: Pick<InvariantOptions, 'planWithinMs'>,
): { redisLost(): void } {
  const tokens = new Map<string, Token>();
  const owed = new Map<string, Owed>();
  const runsSince = new Map<Life, number>();
  const { keyspace } = world.redisServer;
  const endOf = (name: string): number => keyspace.expiryOf(`token:${name}`) ?? 0;
  /** Ends as they stood: what is lost has none any more. */
  const ends = new Map<string, number>();

  world.onStep((changed) => {
    for (const { life, running } of world.replicas())
      if (running() && !runsSince.has(life)) runsSince.set(life, world.now());
    for (const key of changed) {
      const [, name] = /^token:(.+)$/s.exec(key) ?? [];
      if (name === undefined || !isPersons(name)) continue;
      const text = world.token(name);
      if (text === undefined) {
        tokens.delete(name);
        continue;
      }
      owed.delete(name);
      ends.set(name, endOf(name));
      if (tokens.get(name)?.text !== text) tokens.set(name, { text, since: world.now() });
    }
  });

  function isPersons(name: string): boolean {
    const account = world.replicas()[0]?.account(name);
    return account?.connection.consent !== undefined && account.connection.signIn === undefined;
  }

  /** Who has been able to hear of a token for a sweep has it on its disk, whoever got it. */
  function knowers({ since }: Token): readonly Life[] {
    const now = world.now();
    return world.replicas().flatMap(({ life }) => {
      const began = Math.max(since, runsSince.get(life) ?? now, life.pausedLastAt());
      const couldHear = Math.max(began, world.redisNet.lastCut().until);
      return now - couldHear > planWithinMs + SLACK_MS ? [life] : [];
    });
  }

  whileWell(world, wellness, { everyMs: SLACK_MS, afterMs: planWithinMs + SLACK_MS }, (now) => {
    for (const [name, { lostAt, endsAt, knownTo }] of owed) {
      const living = knownTo.filter((life) => life.isAlive());
      if (living.length === 0 || endsAt <= now || !served(world).includes(name)) owed.delete(name);
      // Whoever stood still has a sweep's time from then on.
      else if (living.some((life) => now - life.pausedLastAt() > planWithinMs + SLACK_MS))
        broken(
          `${name} had a token that ${living.map((life) => life.name).join(' and ')} kept, and ${now - lostAt} ms after Redis lost it nobody has put it back`,
        );
    }
  });

  return {
    redisLost() {
      const now = world.now();
      for (const [name, token] of tokens) {
        const endsAt = ends.get(name) ?? 0;
        if (world.token(name) === token.text) continue;
        tokens.delete(name);
        if (endsAt - now < LEAST_LEFT_MS) continue;
        const knownTo = knowers(token);
        if (knownTo.length > 0) owed.set(name, { lostAt: now, endsAt, knownTo });
      }
    },
  };
}
