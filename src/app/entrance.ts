import type { AccountsDiff } from '../accounts/index.ts';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Mirror } from '../mirror/index.ts';
import type { Accounts } from './accounts.ts';
import type { Engine } from './engine.ts';

export interface EntranceParts extends Pick<
  Engine,
  'roster' | 'due' | 'alerts' | 'keeper' | 'instances' | 'entries'
> {
  readonly accounts: Accounts;
  readonly mirror: Pick<Mirror, 'held'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Listens for the browser logins that come back to this machine. */
  readonly listen: (urls: readonly string[]) => Promise<readonly { readonly fault: string | undefined }[]>;
  readonly nudge: (broker: string) => void;
}

/** How accounts come into service and leave it. */
export interface Entrance {
  /** Enters what the credentials file says now. */
  enterAll(): Promise<void>;
  /** Takes off what no file says any more; only where no other process could know better. */
  tidy(): Promise<void>;
  /** The same after a reload, and looks at what changed at once. */
  takeUp(diff: AccountsDiff): Promise<void>;
  /**
   * Makes the stopped ones due now, since a predecessor may have died before it could say why; those
   * whose entry was changed before this start, so that their token is not what it asks for; and those for
   * whom an answer lies on this machine's disk that Redis could not take: who waits for a person is looked at once an hour.
   */
  lookAtFirst(): Promise<void>;
  /**
   * Makes those due again whose entry changed and whose session is not as it asks for yet: a process with an older
   * file may have taken the look, or one with a newer file may have gone.
   */
  lookAtOutdated(): Promise<void>;
  /** Makes every account due now. */
  lookAtAll(): Promise<void>;
  /** A name that fell due at a broker and is no account of it here: another process', with a newer file, or nobody's. */
  passOn(broker: string, name: string): Promise<void>;
}

/** Soon enough for a token of a minute, were it passed on ten times, ms. */
const PASSED_ON_MS = 250;

export function makeEntrance(parts: EntranceParts): Entrance {
  const { accounts, roster, due, clock } = parts;
  const namesByBroker = (group: readonly Account[]): readonly [string, readonly string[]][] =>
    [...Map.groupBy(group, (account) => account.broker)].map(([broker, members]) => [
      broker,
      members.map((account) => account.name),
    ]);

  const isConfigured = (name: string): boolean =>
    accounts.get(name) !== undefined || accounts.observed().some((each) => each.name === name);

  async function retainServed(): Promise<void> {
    const served = [...(await roster.read())];
    await parts.alerts.retain(served.map(([name, { broker }]) => ({ broker, account: name })));
  }

  async function tidy(): Promise<void> {
    // While a deploy rolls, another process may know accounts that this one does not.
    if ((await parts.instances.others()) > 0) return;
    const gone = [...(await roster.read()).keys()].filter((name) => !isConfigured(name));
    if (gone.length === 0) return;
    parts.log.warn(
      { event: 'accounts.removed', accounts: gone },
      `No credentials file names ${gone.slice(0, 10).join(', ')}${gone.length > 10 ? ', …' : ''} any more: renewed no longer, keys left to run out.`,
    );
    await roster.remove(gone);
    await retainServed();
  }

  async function enterAll(): Promise<void> {
    const all = accounts.all();
    await roster.enter([...all, ...accounts.observed()]);
    await parts.entries.enter(all);
    await tidy();
    for (const [broker, names] of namesByBroker(all)) await due.seed(broker, names, clock.now());
    for (const { fault } of await parts.listen(accounts.redirectUris())) {
      if (fault === undefined) continue;
      parts.log.error(
        { event: 'callback.unheard', fault },
        `A browser login will not come back by itself: ${fault}.`,
      );
    }
  }

  /** Those whose entry changed, until their session is as it asks for. */
  const changed = new Set<string>();

  return {
    enterAll,
    tidy,
    async lookAtOutdated() {
      for (const name of changed) {
        const account = accounts.get(name);
        if (account && (await parts.keeper.isOutdated(name)))
          await due.put(account.broker, [name], clock.now());
        else changed.delete(name);
      }
    },
    async lookAtFirst() {
      const all = accounts.all();
      const standings = await roster.standings(all.map(({ name }) => name));
      const outdated = await Promise.all(all.map(({ name }) => parts.keeper.isOutdated(name)));
      for (const [i, { name }] of all.entries()) if (outdated[i]) changed.add(name);
      const held = new Set(parts.mirror.held().map(({ account }) => account));
      const first = all.filter(
        ({ name }, i) => standings[i]?.state === 'stopped' || outdated[i] || held.has(name),
      );
      for (const [broker, names] of namesByBroker(first)) await due.put(broker, names, clock.now());
    },
    async lookAtAll() {
      for (const [broker, names] of namesByBroker(accounts.all())) await due.put(broker, names, clock.now());
    },
    async passOn(broker, name) {
      await due.unqueue(broker, [name]);
      const entry = await roster.get(name);
      if (entry?.broker === broker && !entry.observed)
        await due.put(broker, [name], clock.now() + PASSED_ON_MS);
      else await due.remove(broker, [name]);
    },
    async takeUp(diff) {
      await roster.remove(diff.removed.map(({ name }) => name));
      if (diff.removed.length > 0) await retainServed();
      await enterAll();
      const touched = [...diff.added, ...diff.changed.map(({ after }) => after)];
      for (const { name } of touched) changed.add(name);
      for (const [broker, names] of namesByBroker(touched)) {
        await due.put(broker, names, clock.now());
        parts.nudge(broker);
      }
      // New names, a new TTL and an account that returns share the token that is live now, not only the next one.
      for (const { name } of touched) await parts.keeper.restore(name);
    },
  };
}
