import type { Redis } from 'ioredis';
import { brokers } from '../brokers/index.ts';
import { systemClock } from '../core/clock.ts';
import { silenceLine } from '../core/silence-words.ts';
import type { AccountStatus } from '../core/status.ts';
import { readSilences } from '../redis/silences.ts';

/** What comes before every table: the brokers that want no call from this network, a line each. */
export async function silenceLines(
  redis: Redis,
  egress: string,
  accounts: readonly AccountStatus[],
): Promise<string> {
  const names = brokers.map(({ name }) => name);
  const silences = await readSilences(redis, names, egress, systemClock.now());
  return silences
    .map((silence) => {
      const title = brokers.find(({ name }) => name === silence.broker)?.title ?? silence.broker;
      const theirs = accounts.filter(({ broker }) => broker === silence.broker);
      return `${silenceLine(silence, title, egress, theirs)}\n`;
    })
    .join('');
}
