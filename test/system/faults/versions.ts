import { until } from '../../support/poll.ts';
import type { LogEvent } from '../../support/process.ts';
import type { Running } from '../../support/running.ts';
import type { Desk } from './desk.ts';

/** Waits until each account that rotates did so once more. */
export async function rotated(desk: Desk): Promise<void> {
  const count = (): number => desk.simulator.calls({ operation: 'refresh-token' }).length;
  const seen = count();
  await until(() => count() >= seen + 3, { what: 'rotations', timeoutMs: 30_000 });
}

/** What a process calls an error. */
export const errorsOf = (service: Running): readonly LogEvent[] =>
  service.events().filter(({ level }) => level === 'error' || level === 'fatal');
