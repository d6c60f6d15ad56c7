import { BrokerError } from '../core/errors.ts';
import { isOfUse } from '../core/session.ts';
import type { PublishKept } from './adoption.ts';
import type { Attempts } from './attempts.ts';
import type { Work } from './lease.ts';
import type { Outcomes } from './outcomes.ts';
import type { Unsent } from './notes.ts';
import type { KeeperParts } from './parts.ts';

/** What an attempt that is found open may lead to. */
interface Ways {
  readonly outcomes: Outcomes;
  readonly attempts: Attempts;
  readonly publishKept: PublishKept;
  /** The attempts of this process that Redis may know of though their calls never went out, by account. */
  readonly unsent: ReadonlyMap<string, Unsent>;
  /** The look goes on as if there had been no attempt. */
  readonly goOn: Work;
}

/**
 * A process died, or lost Redis, between the call and its outcome. An answer that was held is stored
 * now. Else the open question is written down before anything else is done: a second death must not
 * make the same refresh token look unspent.
 */
export function makeCloseOpenAttempt(
  parts: KeeperParts,
  { outcomes, attempts, publishKept, unsent, goOn }: Ways,
): Work {
  const { clock, log, keepsake } = parts;
  return async (account, held, record) => {
    const { kind: during = 'sign-in', startedAt = 0, by } = record.attempt ?? {};
    // Redis noted it and did not say so in time: its call never went out, and what it was for is still wanted.
    const never = unsent.get(account.name);
    if (by === parts.instance && never?.startedAt === startedAt) {
      const { request, seedSpent } = never;
      return goOn(account, held, {
        ...record,
        attempt: undefined,
        request: record.request ?? request,
        seedSpent,
      });
    }
    // A Redis that went back in time has it open again; what came of it is known.
    const isAnswered = by === parts.instance && keepsake.isAnswered(account, startedAt);
    const published = isAnswered ? await publishKept(account, held, record) : undefined;
    if (published) return published;
    const answer = keepsake.heldFor(account, startedAt);
    const now = clock.now();
    if (answer && answer.identity === account.identity && isOfUse(account.connection, answer.grant, now)) {
      log.info(
        { event: 'answer.stored', account: account.name, broker: account.broker, during },
        `An answer for ${account.name} that Redis could not take is stored now.`,
      );
      const ramp = during === 'sign-in' ? ('success' as const) : undefined;
      const got = { ...answer, ramp };
      // An account that has its tokens proved has this one proved too; one that is over, but can be renewed,
      // is published nowhere.
      return account.verify && answer.grant.expiresAt > now
        ? attempts.setAside(account, held, record, got)
        : attempts.publish(account, held, record, got);
    }
    const error = new BrokerError('The attempt was interrupted; the broker may have acted on it.', {
      kind: 'outcome-unknown',
      code: 'interrupted',
      status: 0,
      doubtsSession: true,
    });
    log.warn(
      { event: 'attempt.interrupted', account: account.name, broker: account.broker, during },
      `An earlier ${during} for ${account.name} was interrupted; its outcome is unknown.`,
    );
    // Once may be a restart; what is interrupted again and again is a failure like any other. Whoever
    // was about to be asked has to hear of it now.
    const quiet = record.unknownSignIns.length === 0 && record.failures === 0 && during !== 'request';
    return outcomes.fail(account, held, record, {
      error,
      during: during === 'proof' ? 'consent' : during,
      quiet,
      counts: true,
    });
  };
}
