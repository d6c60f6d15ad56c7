import type { BrokerIo, Call, Connection, Grant, Proof } from '../../core/broker.ts';
import { readJwt } from '../jwt.ts';
import { nextRollover } from './calendar.ts';
import { classify } from './classify.ts';
import { makeConsent, type Terms } from './consent.ts';
import { inherit, makeGrant } from './grants.ts';
import { send } from './send.ts';
import { isLongLived, ownerOf, sameUser } from './token.ts';
import { isExceptionDump, isLoggedOut, logoutRequest, profileRequest, readProfileOwner } from './wire.ts';

/**
 * One Upstox user through one app. There is no sign-in and no renewal: only a person gets the next
 * token, by browser or by an approval.
 */
export function makeConnection(terms: Terms, io: BrokerIo): Connection {
  const { userId } = terms;
  const baseUrl = io.baseUrl('api').replace(/\/+$/, '');

  return {
    consent: makeConsent(terms, baseUrl, io),

    async probe(present: Grant, call: Call): Promise<Proof> {
      const answer = await send(io, profileRequest(baseUrl, present.headers), call, 'probe');
      const owner = readProfileOwner(answer.json);
      if (owner !== undefined) {
        const expected = userId ?? present.owner;
        return expected === undefined || sameUser(owner, expected) ? 'alive' : 'someone-else';
      }
      const error = classify(answer, 'probe', io.clock.now());
      if (error.code === 'token_refused') return 'dead';
      throw error;
    },

    async signOut(present: Grant, call: Call): Promise<void> {
      const answer = await send(io, logoutRequest(baseUrl, present.headers), call, 'sign-out');
      if (isLoggedOut(answer.json) || (answer.status === 401 && isExceptionDump(answer.json))) return;
      const error = classify(answer, 'sign-out', io.clock.now());
      // A token that is dead already has no session left to end.
      if (error.code !== 'token_refused') throw error;
    },

    inherit: (grant, previous, now) => inherit(grant, previous, terms.extendedToken, now),

    adopt(token: string, now: number): Grant | undefined {
      const claims = readJwt(token) ?? {};
      const { exp, iat } = claims;
      const owner = ownerOf(claims);
      if (exp === undefined || isLongLived({ exp, ...(iat !== undefined && { iat }) }, now)) return undefined;
      if (userId !== undefined && owner !== undefined && !sameUser(owner, userId)) return undefined;
      const issuedAt = Math.min(iat ?? now, now);
      const expiresAt = Math.min(exp, nextRollover(issuedAt));
      if (expiresAt <= now) return undefined;
      return makeGrant({ token, owner, issuedAt, expiresAt, baseUrl }, terms.extendedToken);
    },
  };
}
