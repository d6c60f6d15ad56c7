import type { KeeperParts } from './parts.ts';
import { hasLiveToken } from './surroundings.ts';
import type { Telling } from './told.ts';

/**
 * Answers of which this process has said that Redis does not take them. Another process may find one on the disk that
 * both have, store it and say that all is well before our own word has reached Redis, which would then stand there
 * until the account's next token: who has said it takes it back.
 */
export interface Untaken {
  /** The answer to this account's attempt of then (ms). */
  add(name: string, startedAt: number): void;
  /** Takes back what is over. Calls nobody; rejects where Redis does. */
  review(): Promise<void>;
}

export function makeUntaken(
  { store, account, clock }: Pick<KeeperParts, 'store' | 'account' | 'clock'>,
  tell: Telling,
): Untaken {
  const said = new Map<string, number>();

  return {
    add: (name, startedAt) => void said.set(name, startedAt),
    async review() {
      for (const [name, startedAt] of said) {
        const known = account(name);
        if (!known?.enabled) {
          said.delete(name);
          continue;
        }
        const record = await store.peek(name);
        const isOpen = record.attempt?.startedAt === startedAt;
        // What has failed since is another word, and may come before ours.
        if (isOpen || record.trouble || !hasLiveToken(known, record, clock.now())) continue;
        said.delete(name);
        tell.stored(known, record);
      }
    },
  };
}
