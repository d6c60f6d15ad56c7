import { moment } from '../core/day.ts';
import type { Account } from '../core/account.ts';
import { ASKED_LOOK_MS } from '../core/decide.ts';
import { BrokerError } from '../core/errors.ts';
import type { AccountRecord, Trouble } from '../core/session.ts';
import { within } from './deadline.ts';
import type { HeldLease } from './lease.ts';
import type { Note } from './notes.ts';
import type { Outcomes } from './outcomes.ts';
import { policyOf, type KeeperParts, type Tended } from './parts.ts';
import type { Telling } from './telling.ts';

/** Asks the account's person through the broker: once a window, whatever becomes of the call. */
export type Ask = (account: Account, held: HeldLease, record: AccountRecord) => Promise<Tended>;

export function makeAsk(parts: KeeperParts, outcomes: Outcomes, note: Note, tell: Telling): Ask {
  const { clock, log } = parts;

  return async (account, held, record) => {
    const request = account.connection.consent?.request;
    if (!request) return { outcome: 'held' };
    const who = { account: account.name, broker: account.broker };
    const noted = await note(account, held, record, 'request', { kind: 'request' });
    if (noted.may === 'not') return noted.tended;
    const startedAt = noted.may === 'call' ? noted.startedAt : undefined;
    try {
      const { timeoutMs } = policyOf(parts, account);
      const { until, postsTo } = await within(clock, timeoutMs, [held.signal], (signal) =>
        request({ signal }),
      );
      const now = clock.now();
      const isElsewhere = postsTo !== undefined && !parts.isWebhook(account, postsTo);
      const trouble = isElsewhere ? elsewhere(parts.broker(account.broker).title, account, now) : undefined;
      const after: AccountRecord = {
        ...record,
        attempt: undefined,
        request: undefined,
        failures: 0,
        trouble,
        retryAt: 0,
        asked: { at: now, until },
      };
      await parts.keepsake.remember(account, after, 'verdict');
      await outcomes.rest(account, held, after, {
        do: 'rest',
        state: 'awaiting_approval',
        because: 'asked',
        nextAt: Math.min(until, now + ASKED_LOOK_MS),
      });
      parts.listener.attempted(account, 'request', 'ok', startedAt && now - startedAt);
      log.info(
        { event: 'approval.requested', ...who, until: new Date(until).toISOString() },
        `The person of ${account.name} was asked through the broker; they have until ${moment(until)}.`,
      );
      if (trouble) {
        const { code } = trouble;
        log.warn({ event: 'approval.elsewhere', ...who, code }, `${account.name}: ${trouble.message}`);
      }
      return { outcome: 'asked', until, trouble };
    } catch (error) {
      const known = error instanceof BrokerError ? error : tell.defect(account, error);
      return outcomes.fail(account, held, record, {
        error: known,
        during: 'request',
        counts: true,
        startedAt,
      });
    }
  };
}

/** The person may approve, and nobody here would ever hear of it. */
const elsewhere = (title: string, { name }: Account, at: number): Trouble => ({
  code: 'notifier_elsewhere',
  kind: 'needs-human',
  message: `${title} posts what is approved to another address than this account's, and no token comes of it: enter the address that "token-refresher login ${name} --webhook" prints as notifier URL on the app's page. Today, log in by the link.`,
  at,
});
