import type { Account } from '../core/account.ts';

/** Every key of the service and of its readers but the key lists, which are bare names. */
const PATTERNS = ['refresher:*', 'token:*', 'auth:*', 'meta:*', 'state:*', 'token-reports'];

/**
 * The command that makes the service's Redis user: its keys, its channel, and no command that reaches
 * further. A bare list key fits no pattern, so each login's is named. `reset` first: what the user was
 * allowed before, and its old passwords, would stay.
 */
export function aclLine(accounts: readonly Pick<Account, 'name'>[]): string {
  const lists = accounts.map(({ name }) => name);
  const keys = [...PATTERNS, ...lists].map((pattern) => `~${pattern}`).join(' ');
  return `ACL SETUSER token-refresher reset on ><password> ${keys} &token-events +@all -@admin -@dangerous +info`;
}
