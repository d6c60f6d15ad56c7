import { expect, test } from 'vitest';
import type { Account } from '../../../src/core/account.ts';
import { emptyRecord } from '../../../src/core/session.ts';
import { makeAttempts } from '../../../src/tending/attempts.ts';
import type { HeldLease } from '../../../src/tending/lease.ts';
import type { Failing, Outcomes } from '../../../src/tending/outcomes.ts';
import type { KeeperParts } from '../../../src/tending/parts.ts';
import type { Surroundings } from '../../../src/tending/surroundings.ts';
import { makeMemoryKeepsake } from '../../support/keepsake.ts';

const NOW = Date.parse('2026-11-30T21:09:00Z');

/** What an account's sign-in comes to, which was noted at `startedAt`; `silentUntil`: as another call was told since. */
async function signIn(startedAt: number, silentUntil: number): Promise<Failing | undefined> {
  let failing: Failing | undefined;
  const parts = {
    keepsake: { ...makeMemoryKeepsake(), silentUntil: () => silentUntil },
    clock: { now: () => NOW },
    broker: () => ({ policy: { timeoutMs: 10_000 } }),
  } as unknown as KeeperParts;
  const around = { networkOf: () => ({ broker: 'alpha', egress: 'default' }) } as unknown as Surroundings;
  const outcomes = {
    fail: (_: Account, __: HeldLease, ___: unknown, with_: Failing) => {
      failing = with_;
      return Promise.resolve({ outcome: 'failed' });
    },
  } as unknown as Outcomes;
  const account = { name: 'USER_1', broker: 'alpha', connection: {} } as unknown as Account;
  const note = () => Promise.resolve({ may: 'call', reachFirst: false, startedAt } as const);
  const attempts = makeAttempts(parts, around, outcomes, {} as never, note, {} as never);
  await attempts.act(account, {} as HeldLease, emptyRecord, { kind: 'sign-in', source: 'sign-in' });
  return failing;
}

test('a call that a silence has overtaken is not sent, and no news: the next look tells of the silence', async () => {
  expect(await signIn(NOW, NOW + 60_000)).toMatchObject({
    error: { code: 'held_up', sent: false },
    quiet: true,
  });
});

test('a call that was held up by itself is told of', async () => {
  expect(await signIn(NOW - 11_000, 0)).toMatchObject({
    error: { code: 'held_up', sent: false },
    quiet: false,
  });
});
