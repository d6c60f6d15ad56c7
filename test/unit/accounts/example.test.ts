import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadAccounts } from '../../../src/accounts/read.ts';
import { brokers } from '../../../src/brokers/index.ts';

it('credentials.example.json is valid and shows every broker', async () => {
  const { accounts } = await loadAccounts({
    file: join(import.meta.dirname, '../../../credentials.example.json'),
    brokers,
    setting: () => undefined,
    connect: () => ({}),
  });
  expect(accounts.map(({ broker }) => broker)).toEqual(brokers.map(({ name }) => name));
});
