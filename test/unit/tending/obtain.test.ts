import { expect, it } from 'vitest';
import type { Account } from '../../../src/core/account.ts';
import type { Connection } from '../../../src/core/broker.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { BrokerError } from '../../../src/core/errors.ts';
import { obtain } from '../../../src/tending/obtain.ts';

function failing(sent: boolean): () => Promise<never> {
  const error = new BrokerError('Made up.', { kind: 'transient', code: 'made_up', scope: 'broker', sent });
  return () => Promise.reject(error);
}

it.each<[string, (() => Promise<void>) | undefined, number]>([
  ['went out, and the login after it did not', () => Promise.resolve(), 1],
  ['went out and was not answered', failing(true), 1],
  ['never left', failing(false), 0],
  ['does not exist at this broker', undefined, 0],
])('tells of a harmless call before a login that it %s', async (_, reach, times) => {
  const connection: Connection = { signIn: failing(false), ...(reach && { reach }) };
  const account = { name: 'A', connection, verify: false } as Account;
  let reached = 0;
  const how = { reachFirst: true, reached: () => void (reached += 1), discover: false, timeoutMs: 1_000 };
  const call = { signal: new AbortController().signal };
  const step = { kind: 'sign-in', source: 'sign-in' } as const;
  await expect(obtain(account, step, call, systemClock, how)).rejects.toMatchObject({ sent: false });
  expect(reached).toBe(times);
});
