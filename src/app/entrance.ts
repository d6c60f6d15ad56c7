import type { AccountsDiff } from '../accounts/index.ts';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Accounts } from './accounts.ts';
import type { Engine } from './engine.ts';

export interface EntranceParts extends Pick<Engine, 'roster' | 'due' | 'alerts' | 'keeper'> {
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly log: Log;
  /** Listens for the browser logins that come back to this machine. */
  readonly listen: (urls: readonly string[]) => Promise<readonly { readonly fault: string | undefined }[]>;
  readonly nudge: (broker: string) => void;
}

/** How accounts come into service and leave it. */
export interface Entrance {
  /** Enters what the credentials file says now, and takes off what it says no more. */
  enterAll(): Promise<void>;
  /** The same after a reload, and looks at what changed at once. */
  takeUp(diff: AccountsDiff): Promise<void>;
}

export function makeEntrance(parts: EntranceParts): Entrance {
  const { accounts, roster, due, clock } = parts;
  const namesByBroker = (group: readonly Account[]): readonly [string, readonly string[]][] =>
    [...Map.groupBy(group, (account) => account.broker)].map(([broker, members]) => [
      broker,
      members.map((account) => account.name),
    ]);

  async function enterAll(): Promise<void> {
    const all = accounts.all();
    await roster.enter(all);
    const known = new Set(all.map((account) => account.name));
    const gone = [...(await roster.read()).keys()].filter((name) => !known.has(name));
    await roster.remove(gone, clock.now());
    for (const [broker, names] of namesByBroker(all)) await due.seed(broker, names, clock.now());
    await parts.alerts.retain(all.map((account) => ({ broker: account.broker, account: account.name })));
    for (const { fault } of await parts.listen(accounts.redirectUris())) {
      if (fault === undefined) continue;
      parts.log.error(
        { event: 'callback.unheard', fault },
        `A browser login will not come back by itself: ${fault}.`,
      );
    }
  }

  return {
    enterAll,
    async takeUp(diff) {
      await enterAll();
      for (const [broker, names] of namesByBroker([
        ...diff.added,
        ...diff.changed.map(({ after }) => after),
      ])) {
        await due.put(broker, names, clock.now());
        parts.nudge(broker);
      }
      // New sub-accounts share the token that is live now, not only the next one.
      for (const { after, names } of diff.changed) if (names) await parts.keeper.restore(after.name);
    },
  };
}
