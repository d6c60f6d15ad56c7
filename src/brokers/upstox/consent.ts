import type { Arrival, BrokerIo, Call, Consent, Grant } from '../../core/broker.ts';
import { BrokerError, ConfigurationError } from '../../core/errors.ts';
import { readJwt } from '../jwt.ts';
import { DEFAULT_APPROVAL_TIME, nextAskAt, nextRollover, parseApprovalTime } from './calendar.ts';
import { classify } from './classify.ts';
import { makeGrant, readExtended } from './grants.ts';
import { readNotice } from './notice.ts';
import { send } from './send.ts';
import { namesAnother, sameUser } from './token.ts';
import { approvalRequest, dialogUrl, exchangeRequest, readAsked, readExchanged, type App } from './wire.ts';

/** What an entry says of its login. */
export interface Terms {
  readonly app: App;
  /** Whose tokens are taken, in capitals; undefined: anybody's. */
  readonly userId: string | undefined;
  /** `request`: the person is asked through Upstox; the link works as well. */
  readonly approval: 'browser' | 'request';
  /** True: the extended token is served, too. */
  readonly extendedToken: boolean;
}

/** Longest text that is taken for a login code; the docs show 6 characters. */
const LONGEST_CODE = 512;

/** The person's ways in: always the link, and the approval request where the entry asks for it. */
export function makeConsent(terms: Terms, baseUrl: string, io: BrokerIo): Consent {
  const { app, userId, extendedToken } = terms;
  const approvalMinute = readApprovalTime(io);

  const receive = async (arrival: Arrival, call: Call): Promise<Grant> => {
    const code = readCode(arrival);
    // Before the call: a token that is made while the clock passes 03:30 counts for the shorter day.
    const issuedAt = io.clock.now();
    const answer = await send(io, exchangeRequest(baseUrl, app, code), call, 'exchange');
    const exchanged = readExchanged(answer.json);
    const now = io.clock.now();
    if (!exchanged) throw classify(answer, 'exchange', now);
    const { token, userId: owner } = exchanged;
    if ((userId !== undefined && !sameUser(owner, userId)) || namesAnother(token, owner)) {
      throw new BrokerError(
        'Somebody else logged in: the token belongs to another Upstox user than this account and was not kept. ' +
          'Log out at Upstox in that browser, then log in again as the right user.',
        { kind: 'refused', code: 'someone_else', status: answer.status },
      );
    }
    const expiresAt = Math.min(nextRollover(issuedAt), readJwt(token)?.exp ?? Infinity);
    if (expiresAt <= now) {
      throw new BrokerError(
        "The new token is already dead: tokens end at 03:30 IST. Log in again; if it happens at another hour, check this machine's clock.",
        { kind: 'refused', code: 'token_expired', status: answer.status },
      );
    }
    const extended = readExtended(exchanged.extendedToken, owner, now);
    return makeGrant({ token, owner, issuedAt, expiresAt, baseUrl, extended }, extendedToken);
  };

  const request: NonNullable<Consent['request']> = async (call) => {
    const askedAt = io.clock.now();
    const answer = await send(io, approvalRequest(baseUrl, app), call, 'request');
    const asked = readAsked(answer.json);
    if (!asked) throw classify(answer, 'request', io.clock.now());
    // The phone has rung, whatever the rest of the answer is worth: the window ends at 03:30 at the latest.
    const rollover = nextRollover(askedAt);
    const { until = rollover, postsTo } = asked;
    return { until: until > askedAt ? Math.min(until, rollover) : rollover, postsTo };
  };

  const read: NonNullable<Consent['read']> = (notice, now) => {
    const said = readNotice(notice, app.clientId, userId, now);
    if ('refused' in said) return said;
    const { token, userId: owner, issuedAt, expiresAt } = said;
    return { grant: makeGrant({ token, owner, issuedAt, expiresAt, baseUrl }, extendedToken) };
  };

  return {
    url: (state) => dialogUrl(baseUrl, app, state),
    redirectUri: app.redirectUri,
    receive,
    askAt: (now) => (approvalMinute === 'always' ? now : nextAskAt(now, approvalMinute, io.isHoliday)),
    deadline: nextRollover,
    ...(terms.approval === 'request' && { request, read }),
  };
}

/** The code that came back with the browser. What comes when a person cancels is not documented. */
function readCode(arrival: Arrival): string {
  const { code, error } = arrival;
  if (error === undefined && code !== undefined && code !== '' && code.length <= LONGEST_CODE) return code;
  const failed = error !== undefined && error !== 'access_denied';
  throw new BrokerError(
    failed
      ? "Upstox ended the login with an error of its own. Try once more; if it stays, check the app's page at Upstox."
      : 'The login was cancelled: Upstox sent no code. Log in again with a new link.',
    { kind: 'refused', code: failed ? 'login_failed' : 'login_cancelled' },
  );
}

/** As minutes of the day in India; `always`: at any hour of any day, so that a demo looks the same whenever it is shown. */
function readApprovalTime(io: BrokerIo): number | 'always' {
  const text = io.setting('UPSTOX_APPROVAL_TIME') ?? DEFAULT_APPROVAL_TIME;
  const minute = text === 'always' ? text : parseApprovalTime(text);
  if (minute !== undefined) return minute;
  throw new ConfigurationError([
    {
      at: 'UPSTOX_APPROVAL_TIME',
      message:
        'must be a time in India as HH:MM, from 03:30 to 23:59, e.g. 08:00, or `always`; or leave it out',
    },
  ]);
}
