import type { BrokerIo, Call, Connection } from '../../core/broker.ts';
import type { IgAccount } from './account.ts';
import { refusal } from './classify.ts';
import { connectHeaderPair } from './header-pair.ts';
import { connectOauth } from './oauth.ts';
import { meaningOf } from './meanings.ts';
import { encryptionKey, type Caller } from './requests.ts';
import { pairLifeMs } from './sessions.ts';
import { encryptionKeyAnswer, errorCodeOf } from './wire.ts';

/** One IG login, with the kind of session that its entry asks for. Throws `ConfigurationError` for a bad setting. */
export function connect(account: IgAccount, io: BrokerIo): Connection {
  const caller: Caller = { apiKey: account.apiKey, baseUrl: io.baseUrl('api').replace(/\/+$/, '') };
  const lifeMs = pairLifeMs(io.setting);
  const session = account.session === 'v2' ? connectHeaderPair : connectOauth;
  return { ...session(account, io, caller, lifeMs), reach: (call) => reach(io, caller, call) };
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
