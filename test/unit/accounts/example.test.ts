import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadAccounts } from '../../../src/accounts/read.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { brokers } from '../../../src/brokers/index.ts';

const example = {
  file: join(import.meta.dirname, '../../../credentials.example.json'),
  brokers,
  setting: () => undefined,
  connect: () => ({}),
};

it('credentials.example.json is valid and shows every broker', async () => {
  const { accounts } = await loadAccounts({ ...example, takesExamples: true });
  expect(accounts.map(({ broker }) => broker)).toEqual(brokers.map(({ name }) => name));
});

it('no real broker is asked with it: each value that is still made up is a fault', async () => {
  const error = await loadAccounts(example).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(ConfigurationError);
  const faults = error instanceof ConfigurationError ? error.faults : [];
  expect(faults.map(({ at }) => at.replace(/^.*, /, ''))).toEqual([
    'password',
    'password',
    'apiKey',
    'clientId',
    'clientSecret',
  ]);
  expect(new Set(faults.map(({ message }) => message))).toEqual(
    new Set(["is still the example's made-up value: put your own in its place"]),
  );
});
