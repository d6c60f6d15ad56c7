import type { Redis } from 'ioredis';
import type { Alerts } from '../alerts/alerts.ts';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import { thereAt } from './presence.ts';
import type { Log } from '../core/log.ts';
import { observe, type Observation } from '../core/observation.ts';
import { noteObserved, readObserved, readWatched } from '../redis/observed.ts';
import { isPersons } from '../tending/persons.ts';
import type { Accounts } from './accounts.ts';
import { brokerNamed } from './engine.ts';

export interface ObservingParts {
  readonly redis: Redis;
  readonly accounts: Pick<Accounts, 'observed'>;
  readonly alerts: Pick<Alerts, 'failed' | 'recovered'>;
  readonly isHoliday: (day: string, zone: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** A token may live for a minute: often enough to see that it is gone, ms. */
const LOOK_MS = 5_000;
/** Whoever serves it may be about to write the next one: so long nothing is said, ms. */
const PATIENCE_MS = 10_000;

/**
 * Watches what somebody else keeps in Redis, and says where it is missing or has ended. It logs nobody in, and writes
 * nothing that bots read. Answers how to stop.
 */
export function startObserving(parts: ObservingParts): () => Promise<void> {
  const { redis, accounts, clock, log } = parts;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;

  async function look(account: Account, before: Observation | undefined): Promise<Observation> {
    const seen = await readWatched(redis, account.name);
    const now = clock.now();
    const grant = seen.token === undefined ? undefined : account.connection.adopt?.(seen.token, now);
    const { dueAtShare } = brokerNamed(account.broker).policy;
    const way = { person: isPersons(account), dueAtShare };
    const observation = observe(seen, grant, way, before, now);
    await tell(account, observation, now);
    if (before?.reason !== observation.reason) {
      const { state, reason } = observation;
      log.info(
        { event: 'account.observed', account: account.name, broker: account.broker, state, reason },
        `${account.name}, which somebody else serves, is ${state}.`,
      );
    }
    return observation;
  }

  async function tell(account: Account, { state, reason = '', since, trouble }: Observation, now: number) {
    const who = { broker: account.broker, account: account.name };
    if (state === 'fresh') return parts.alerts.recovered(who);
    if (trouble === undefined || now - Date.parse(since ?? '') < PATIENCE_MS) return;
    const isThere = thereAt(account, parts.isHoliday, now) === now;
    // A night without a token is usual where only a person gets one.
    if (state === 'awaiting_approval' && !isThere) return;
    const { message } = JSON.parse(trouble) as { readonly message: string };
    const level = isThere && state === 'expired' ? 'critical' : 'warning';
    const next = 'This service does nothing for it.';
    await parts.alerts.failed({ ...who, code: reason, message, next, level });
  }

  async function lookAtAll(): Promise<void> {
    const observed = accounts.observed();
    if (observed.length === 0) return;
    const before = await readObserved(
      redis,
      observed.map(({ name }) => name),
    );
    const looks = observed.map(
      async (account) => [account.name, await look(account, before.get(account.name))] as const,
    );
    await noteObserved(redis, new Map(await Promise.all(looks)));
  }

  async function run(): Promise<void> {
    let saidTrouble = '';
    while (!isStopping()) {
      try {
        await lookAtAll();
        saidTrouble = '';
      } catch (error) {
        const why = error instanceof Error ? error.message : 'unknown';
        if (why !== saidTrouble && !isStopping())
          log.warn(
            { event: 'observing.trouble', error: why },
            'Observed accounts cannot be looked at just now.',
          );
        saidTrouble = why;
      }
      await clock.sleep(LOOK_MS, stopping.signal);
    }
  }

  const running = run();
  return async () => {
    stopping.abort();
    await running;
  };
}
