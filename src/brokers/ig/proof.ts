import type { BrokerIo, Call, Grant, Proof } from '../../core/broker.ts';
import { unnamed } from './classify.ts';
import { isDead, read } from './reading.ts';
import { readSession } from './requests.ts';
import { sessionAnswer } from './wire.ts';

/**
 * Asks IG whose session it is. Throws where the answer does not name the client that is expected: what
 * proves nobody proves no token.
 *
 * @param onAccounts those that the session may say it acts on; none where that is not known
 */
export async function proofOf(
  io: BrokerIo,
  baseUrl: string,
  grant: Grant,
  onAccounts: readonly string[],
  call: Call,
): Promise<Proof> {
  const answer = await io.http(readSession(baseUrl, grant.headers), call);
  try {
    const { clientId, accountId } = read('read', sessionAnswer, answer);
    if (grant.owner !== undefined && clientId === undefined) throw unnamed(answer);
    if (grant.owner !== undefined && clientId !== grant.owner) return 'someone-else';
    // Alive, but every order would go to another account.
    const isMoved = onAccounts.length > 0 && accountId !== undefined && !onAccounts.includes(accountId);
    return isMoved ? 'dead' : 'alive';
  } catch (error) {
    if (isDead(error)) return 'dead';
    throw error;
  }
}
