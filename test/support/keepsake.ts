import type { HeldAnswer, Keepsake } from '../../src/tending/parts.ts';

/** Keeps what Redis could not take in this process alone, and recalls nothing. */
export function makeMemoryKeepsake(): Keepsake {
  const held = new Map<string, HeldAnswer>();
  return {
    look: () => Promise.resolve(),
    restoreNetwork: (_, __, refusedKey) => Promise.resolve({ silentUntil: 0, refusedKey }),
    silentUntil: () => 0,
    doubt: () => undefined,
    isDoubtful: () => false,
    isBehind: () => false,
    spend: () => Promise.resolve(),
    unspend: () => undefined,
    recall: (_, record) => record,
    grantOf: () => undefined,
    isAnswered: () => false,
    hold: (account, answer) => Promise.resolve(void held.set(account.name, answer)),
    heldFor(account, startedAt) {
      const answer = held.get(account.name);
      return answer?.startedAt === startedAt ? answer : undefined;
    },
    dismiss(account, { token }) {
      if (held.get(account.name)?.grant.token === token) held.delete(account.name);
    },
    release: (account) => void held.delete(account.name),
    remember: () => Promise.resolve(),
    rememberNetwork: () => Promise.resolve(),
    keyWorks: () => Promise.resolve(),
    learnKey: () => Promise.resolve(),
    learnNetwork: () => Promise.resolve(),
  };
}
