import type { World } from '../world.ts';
import type { Sent } from './scene.ts';

/** How far apart calls were sent, ms. */
export const apart = (sent: readonly Sent[]): readonly number[] =>
  sent.slice(1).map(({ afterMs }, i) => afterMs - (sent[i]?.afterMs ?? 0));

/** Kills the process; another one starts on its machine so much later. */
export async function awayFor(world: World, awayMs: number): Promise<void> {
  const [first] = world.replicas();
  first?.life.kill();
  await world.runFor(awayMs);
  await world.startReplica({}, first?.disk);
}
