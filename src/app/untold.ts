import type { Account } from '../core/account.ts';
import { quietReasons } from '../tending/telling.ts';
import type { Engine } from './engine.ts';

export type UntoldParts = Pick<Engine, 'alerts' | 'roster' | 'due'> & {
  readonly keeper: Pick<Engine['keeper'], 'isWell'>;
};

/** States of an account without a token: a look at it says why it has none. */
const LACKING: readonly (string | undefined)[] = ['expired', 'awaiting_approval'];

/**
 * Says what a process wrote down and died before it could say: an account that works again leaves its incident, and
 * one without a token of which nobody was told is looked at. Without it both would wait for the account's own next
 * step, an hour at the most.
 */
export function makeUntold(parts: UntoldParts): (accounts: readonly Account[], now: number) => Promise<void> {
  const { alerts, roster, due, keeper } = parts;
  return async (accounts, now) => {
    const standings = await roster.standings(accounts.map(({ name }) => name));
    const told = new Map((await alerts.failing()).map((each) => [`${each.broker}/${each.account}`, each]));
    for (const [i, { name, broker }] of accounts.entries()) {
      const { state, reason = '' } = standings[i] ?? {};
      const failing = told.get(`${broker}/${name}`);
      if (!failing && LACKING.includes(state) && !quietReasons.includes(reason))
        await due.put(broker, [name], now);
      // What was said beside a token that is served is not over for its sake.
      if (!failing || failing.served || state !== 'fresh') continue;
      if (await keeper.isWell(name)) await alerts.recovered({ broker, account: name });
    }
  };
}
