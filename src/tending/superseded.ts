import type { Account } from '../core/account.ts';
import type { AccountRecord, Session } from '../core/session.ts';
import type { KeeperParts } from './parts.ts';

/** True where the session is of another login, or not as this entry asks for. */
export const isMadeForAnother = (
  { identity, connection }: Pick<Account, 'identity' | 'connection'>,
  session: Session,
): boolean => session.identity !== identity || (connection.fits?.(session.grant) ?? 'fits') !== 'fits';

/**
 * True where the account is for another process to look after: its session is not as our entry asks for, or it has
 * none, and a process lives whose entry is newer. Two files at once would make and unmake each other's sessions else.
 * Where the newer entry brought nothing but a refusal, the older one goes on.
 */
export async function isSuperseded(
  parts: Pick<KeeperParts, 'isSuperseded'>,
  account: Account,
  { session, refused }: Pick<AccountRecord, 'session' | 'refused'>,
): Promise<boolean> {
  if (!account.enabled) return false;
  const isOurs = session ? !isMadeForAnother(account, session) : refused.length > 0;
  return !isOurs && (await parts.isSuperseded?.(account)) === true;
}
