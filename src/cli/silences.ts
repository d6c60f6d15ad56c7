import type { Redis } from 'ioredis';
import { brokers } from '../brokers/index.ts';
import { systemClock } from '../core/clock.ts';
import { describeSilences, type SilenceStatus } from '../core/silence-words.ts';
import type { AccountStatus } from '../core/status.ts';
import { readSilences } from '../redis/silences.ts';

/** The brokers that want no call from this network. */
export async function silencesOf(
  redis: Redis,
  egress: string,
  accounts: readonly AccountStatus[],
): Promise<readonly SilenceStatus[]> {
  const names = brokers.map(({ name }) => name);
  const silences = await readSilences(redis, names, egress, systemClock.now());
  const titleOf = (broker: string): string => brokers.find(({ name }) => name === broker)?.title ?? broker;
  return describeSilences(silences, titleOf, egress, accounts);
}

/** What comes before every table: a line each. */
export const silenceLines = (silences: readonly SilenceStatus[]): string =>
  silences.map(({ message }) => `${message}\n`).join('');
