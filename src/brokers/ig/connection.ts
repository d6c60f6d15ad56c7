import type { BrokerIo, Call, Connection, Http } from '../../core/broker.ts';
import type { IgAccount } from './account.ts';
import { refusal, REQUEST_ID } from './classify.ts';
import { wantsOf } from './fit.ts';
import { connectHeaderPair } from './header-pair.ts';
import { connectOauth } from './oauth.ts';
import { meaningOf } from './meanings.ts';
import { encryptionKey, type Caller } from './requests.ts';
import { pairLifeMs } from './sessions.ts';
import { encryptionKeyAnswer, errorCodeOf } from './wire.ts';

/** One IG login, with the kind of session that its entry asks for. Throws `ConfigurationError` for a bad setting. */
export function connect(account: IgAccount, given: BrokerIo): Connection {
  const io = { ...given, http: withoutEcho(given.http) };
  const caller: Caller = { apiKey: account.apiKey, baseUrl: io.baseUrl('api').replace(/\/+$/, '') };
  const lifeMs = pairLifeMs(io.setting);
  const session = account.session === 'v2' ? connectHeaderPair : connectOauth;
  return {
    ...session(account, io, caller, lifeMs),
    wants: wantsOf(account, caller),
    reach: (call) => reach(io, caller, call),
  };
}

/** A request id is logged. Where it repeats what was sent or what else came, it is none, and could be a secret. */
function withoutEcho(http: Http): Http {
  return async (request, call) => {
    const answer = await http(request, call);
    const { [REQUEST_ID]: id, ...headers } = answer.headers;
    const isEcho = id !== undefined && JSON.stringify([request, headers, answer.body]).includes(id);
    return isEcho ? { ...answer, headers } : answer;
  };
}

/**
 * Asks for the encryption key: it needs no session and tells nothing of a login, but it is one of the
 * key's calls of this minute. Resolves where IG answers as itself, be it with a
 * refusal of the key or a spent quota.
 */
async function reach(io: BrokerIo, caller: Caller, call: Call): Promise<void> {
  const answer = await io.http(encryptionKey(caller), call);
  if (answer.status === 200 && encryptionKeyAnswer.safeParse(answer.json).success) return;
  const igCode = errorCodeOf(answer.json);
  const isItself = igCode !== undefined && answer.status < 500 && meaningOf(igCode)?.kind !== 'transient';
  if (!isItself) throw refusal('read', answer);
}
