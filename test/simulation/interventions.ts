import { makeInterventions } from '../../src/app/interventions.ts';
import type { Intervention, InterventionAnswer } from '../../src/http/desk.ts';
import { makeRoster } from '../../src/redis/roster.ts';
import { MINUTE_MS } from './days/clockwork.ts';
import type { World } from './world.ts';

/** A person's step, as HTTP and the command line make it. */
export async function intervene(
  world: World,
  what: Intervention,
  name: string,
  forMs?: number,
): Promise<InterventionAnswer> {
  const clock = {
    now: () => world.now(),
    sleep: (ms: number) => new Promise<void>((done) => void world.timeline.after(ms, done)),
  };
  const { redis } = world;
  const answer = makeInterventions({ redis, roster: makeRoster(redis), clock }).intervene(what, name, forMs);
  let said: InterventionAnswer | undefined;
  void answer.then((each) => (said = each));
  await world.runUntil(`the answer to ${what}`, () => said !== undefined, MINUTE_MS);
  return answer;
}
