import { readJwt } from '../../src/brokers/jwt.ts';
import { observed } from './invariants/rules.ts';
import type { Dice } from './random.ts';
import type { World } from './world.ts';

/* Whoever serves the accounts that are only observed: an older writer, with `SETEX` as it has always done. */

const OF_ITS_OWN = 'made-up-foreign';

/** True for a token that an older writer left. */
export const isForeign = (token: string): boolean => readJwt(token)?.sub?.startsWith(OF_ITS_OWN) === true;

/** What bots read from now on, for so long. */
export async function foreignWrite(world: World, name: string, livesMs: number): Promise<string> {
  const seconds = Math.floor(livesMs / 1_000);
  const claims = { sub: `${OF_ITS_OWN}-${name}`, exp: Math.floor(world.now() / 1_000) + seconds };
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'none' })}.${part(claims)}.made-up`;
  await world.redis.set(`token:${name}`, token, 'PXAT', 1_000 * claims.exp);
  return token;
}

const MINUTE_MS = 60_000;

/** Somebody serves each of them, now and then late: a token of an hour, or of two minutes. In the end nobody is late. */
export function keepWriting(world: World, dice: Dice): void {
  for (const name of observed(world)) {
    const livesMs = dice.pick([2, 60]) * MINUTE_MS;
    let nextAt = world.now();
    const look = async (): Promise<void> => {
      world.timeline.after(dice.whole(20, 30) * 1_000, look);
      const isMissed = world.isCalm() && world.token(name) === undefined;
      if (world.now() < nextAt && !isMissed) return;
      // One that finds Redis read-only comes again.
      const isWritten = await foreignWrite(world, name, livesMs).catch(() => undefined);
      if (isWritten === undefined) return;
      nextAt = world.now() + (dice.chance(0.1) ? dice.whole(livesMs, 3 * livesMs) : 0.6 * livesMs);
    };
    world.timeline.after(dice.whole(0, MINUTE_MS), look);
  }
}
