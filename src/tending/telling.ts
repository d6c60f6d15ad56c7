import { momentAfter } from '../core/day.ts';
import type { Account } from '../core/account.ts';
import { BrokerError } from '../core/errors.ts';
import { isCalm } from '../core/headroom.ts';
import { isSameToken, liveGrant, type AccountRecord } from '../core/session.ts';
import { makeKeyReports } from './key-reports.ts';
import {
  goesAnotherWay,
  isLack,
  isLongWait,
  MINUTE_MS,
  networkTrouble,
  type NetworkTrouble,
} from './network-troubles.ts';
import type { KeeperParts } from './parts.ts';
import { isPersons, makeNeed, todaysTrouble } from './persons.ts';
import type { Telling } from './told.ts';
import { lackOf, sayShortfalls, shortfallOf } from './shortfalls.ts';

export type { Telling } from './told.ts';

type TellingParts = Pick<KeeperParts, 'log' | 'listener' | 'clock' | 'isHoliday'>;

/** True where the broker counts an account's or a key's calls by the minute: it turns the next minute's away as well. */
const isByTheMinute = ({ kind, scope, carry, retryAfterMs = Infinity }: BrokerError): boolean =>
  kind === 'throttled' &&
  (scope === 'key' || scope === 'account') &&
  carry === undefined &&
  retryAfterMs < MINUTE_MS;

/** An account waits, and this is not what keeps it: people hear nothing of it. */
export const quietReasons: readonly string[] = ['proof_pending', 'asked_later', 'approval_lapsed'];

const iso = (at: number): string => new Date(at).toISOString();

export function makeTelling(parts: TellingParts): Telling {
  const { log, listener, clock } = parts;
  const report = makeKeyReports(log);
  const who = (account: Account): { account: string; broker: string } => ({
    account: account.name,
    broker: account.broker,
  });

  function defect(account: Account, error: unknown): BrokerError {
    const why = error instanceof Error ? error.message : 'unknown';
    log.error(
      { event: 'refresh.defect', ...who(account), error: why },
      `The refresh of ${account.name} ended in a defect or a refused write.`,
    );
    return new BrokerError(
      'The outcome could not be worked out or stored; the log says why. The next try waits, as the login may have counted.',
      { kind: 'outcome-unknown', code: 'internal', status: 200 },
    );
  }

  const needed = makeNeed(parts);

  /** What keeps it from the next try lasts: where that comes late in what is left of its token, people hear of it. */
  function late(
    account: Account,
    session: AccountRecord['session'],
    trouble: NetworkTrouble | undefined,
    at: number | undefined,
  ): void {
    if (!trouble || !session || isCalm(session.grant, at, clock.now())) return;
    const { grant } = session;
    listener.failed(account, trouble, {
      state: 'backing_off',
      at,
      token: grant,
      tokenUntil: grant.expiresAt,
      recurs: trouble.recurs === true,
    });
  }

  return {
    published(account, before, session, { reports, woken, tookMs, listing }) {
      report(account, reports);
      const { source, generation, grant } = session;
      const earlier = before.session;
      sayShortfalls(log, account, { earlier, session, listing });
      const expiresAt = iso(grant.expiresAt);
      log.info(
        {
          event: 'token.published',
          ...who(account),
          source,
          generation,
          expiresAt,
          ...(tookMs !== undefined && { tookMs }),
        },
        `Published a token for ${account.name} (${source}), good until ${expiresAt}.`,
      );
      if (tookMs !== undefined) listener.attempted(account, source, 'ok', tookMs);
      if (isSameToken(before.session, session)) {
        log.info(
          { event: 'token.unchanged', ...who(account), source },
          `The broker handed out the same token for ${account.name} again.`,
        );
      }
      if (before.trouble) {
        const { failures } = before;
        log.info(
          { event: 'account.recovered', ...who(account), failures },
          `${account.name} works again${failures > 0 ? ` after ${failures} failed ${failures === 1 ? 'try' : 'tries'}` : ''}.`,
        );
      }
      const shortfall = shortfallOf(account, session, listing);
      if (shortfall) {
        const at = shortfall.retryAt ?? session.renewAt;
        listener.failed(account, shortfall, { state: 'fresh', at, tokenUntil: grant.expiresAt });
      }
      // Also where nothing failed here: another process may have said so, and died before it could take it back.
      else listener.recovered(account);
      if (woken > 0) listener.woken(account.broker);
    },

    stale(account, { generation }) {
      log.warn(
        { event: 'token.stale', ...who(account), generation },
        `A token of ${account.name} came too late, after somebody else had acted; it was not published.`,
      );
    },

    failed(account, error, { during, said, state, at, record, tookMs }) {
      const { code, kind, status, requestId } = error;
      log.warn(
        {
          event: 'refresh.failed',
          ...who(account),
          during,
          code,
          kind,
          status,
          requestId,
          nextAt: at === undefined ? null : iso(at),
        },
        `The ${during} for ${account.name} failed: ${error.message}`,
      );
      listener.attempted(account, during, kind, tookMs);
      if (!said || needed(account, record, state, error)) return;
      const now = clock.now();
      const token = liveGrant(record, account, now);
      const lacksToken = !token && !isPersons(account) && isLack(account, record, at, now);
      listener.failed(account, error, {
        state,
        at,
        token,
        tokenUntil: token?.expiresAt ?? null,
        lacksToken,
        recurs: isByTheMinute(error),
      });
    },

    defect,

    unstored(account, error) {
      listener.failed(account, defect(account, error), { state: 'backing_off', at: undefined });
    },

    expired(account, reason) {
      log.warn(
        { event: 'token.expired', ...who(account), reason },
        `The token of ${account.name} has expired.`,
      );
    },

    waits(account, record, { because, state, nextAt }, isServed, silence) {
      if (state === 'paused') return listener.rests(account);
      if (quietReasons.includes(because)) return;
      const now = clock.now();
      const network = networkTrouble(because, record, silence, now);
      const why = todaysTrouble(account, record, now) ?? network;
      if (needed(account, record, state, why)) return;
      // Said when it failed, by a process that may have died before it could; and worse once the token has ended.
      const own = isPersons(account) || record.trouble?.code !== because ? undefined : record.trouble;
      if (isServed) {
        // What it has failed of goes on: only a silence, which holds all, is told of in its stead.
        const older = network && because !== 'broker_silence' ? record.trouble : undefined;
        const trouble = older ?? network ?? own;
        if (!goesAnotherWay(account, record, because)) late(account, record.session, trouble, nextAt);
        return;
      }
      const lack = network ?? (isLongWait(nextAt, now) ? own : undefined);
      if (!lack || state === 'stopped') return;
      const lacksToken = isLack(account, record, nextAt, now);
      const recurs = network?.recurs === true;
      listener.failed(account, lack, { state, at: nextAt, tokenUntil: null, lacksToken, recurs });
    },

    diedEarly(account, record, said) {
      const { trouble } = record;
      log.warn(
        { event: 'token.died_early', ...who(account), code: trouble?.code },
        `The token of ${account.name} was withdrawn: ${trouble?.message ?? ''}`,
      );
      if (!trouble || !said) return;
      if (isPersons(account) && needed(account, record, 'awaiting_approval', trouble)) return;
      listener.failed(account, trouble, { state: 'expired', at: undefined, tokenUntil: null });
    },

    unproved(account, error, waiting) {
      const { code, kind, status, requestId } = error;
      log.info(
        { event: 'token.unproved', ...who(account), code, kind, status, requestId },
        `The token of ${account.name} could not be proved just now; it is not in doubt.`,
      );
      const isObeyed = kind === 'needs-human' || (waiting !== undefined && kind === 'throttled');
      if (!isObeyed && (waiting?.failures ?? 0) <= 1) return;
      listener.failed(account, error, { state: waiting?.state ?? 'fresh', at: waiting?.at });
    },

    proved(account, before) {
      const { failures, session } = before;
      if (failures > 0) return late(account, session, before.trouble, before.retryAt);
      if (lackOf(account, session) === undefined) listener.recovered(account);
    },

    overBudget(account, limit, until, isLive) {
      log.warn(
        { event: 'budget.spent', ...who(account), limit, until: iso(until), live: isLive },
        `The budget "${limit}" of ${account.broker} is spent; ${account.name} waits until ${momentAfter(until)}.`,
      );
    },
  };
}
