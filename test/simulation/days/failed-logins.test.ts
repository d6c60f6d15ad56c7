import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { elsewhere, v2 } from '../../support/rows/ig-row.ts';
import type { BrokerCall } from '../broker-net.ts';
import { makeWorld, type World, type WorldOptions } from '../world.ts';
import { MINUTE_MS } from './clockwork.ts';

/* A network may fail a handful of logins before a broker bars it: which ones count, and how many go out at once. */

const numbered = (prefix: string, count: number, entry: RawEntry): readonly RawEntry[] =>
  Array.from({ length: count }, (_, i) => ({ ...entry, username: `${prefix}_${i}` }));

let world: World;
afterEach(() => world.stop());

const open = async (options: WorldOptions): Promise<void> => {
  world = await makeWorld({ sweepEveryMs: 5 * MINUTE_MS, ...options });
};
const logins = (operation: string, prefix = ''): readonly BrokerCall[] =>
  world.calls({ operation }).filter(({ username }) => username?.startsWith(prefix));
const haveTokens = (entries: readonly RawEntry[]): readonly string[] =>
  entries.map(({ username }) => String(username)).filter((name) => world.token(name) !== undefined);

describe('what counts as a failed login', () => {
  test('is not one whose password was right: five refused account numbers hold up no other login', async () => {
    const misplaced = numbered('MISPLACED', 5, { broker: 'ig', ...elsewhere, accountId: 'WRONG' });
    const others = numbered('OTHER', 3, { broker: 'ig', ...v2 });
    await open({ entries: misplaced });
    await world.runFor(MINUTE_MS);
    expect(logins('login', 'MISPLACED')).toHaveLength(5);
    for (const { username } of misplaced) {
      expect(world.state(String(username))).toMatchObject({ state: 'stopped', reason: 'account_refused' });
    }
    world.writeEntries([...misplaced, ...others]);
    await world.reload();
    await world.runFor(MINUTE_MS);
    expect(haveTokens(others)).toHaveLength(3);
  });
});
