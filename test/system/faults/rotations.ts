import { until } from '../../support/poll.ts';
import type { Desk } from './desk.ts';

/** The broker acts at once on the next rotation of an IG account and answers so much later; waits until it has acted. */
export async function slowRotation(desk: Desk, ms: number): Promise<void> {
  desk.simulator.fault({ broker: 'ig', operation: 'refresh-token', kind: 'slow', ms, times: 1 });
  await until(() => desk.simulator.inFlight('ig', 'refresh-token') === 1, {
    what: 'a rotation under way',
    timeoutMs: 20_000,
  });
  await until(() => desk.simulator.calls({ operation: 'refresh-token' }).at(-1)?.effect, {
    what: 'its effect',
  });
}

/** The process whose lease is on the account. */
export const holderOf = async ({ redis }: Desk, name: string): Promise<number> =>
  Number((await redis.get(`refresher:lease:${name}`))?.split(':')[1]);
