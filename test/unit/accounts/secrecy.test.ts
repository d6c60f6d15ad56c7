import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { readJson } from '../../../src/accounts/json.ts';
import { loadAccounts, type AccountsSource } from '../../../src/accounts/read.ts';
import { brokers as realBrokers } from '../../../src/brokers/index.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { removeFolders } from '../../support/folder.ts';
import { openDesk, type Desk } from './fakes.ts';

afterAll(removeFolders);

const MARKER = 'hunter2';

/** Everything a careless handler might print of a failed load. */
async function printed(desk: Desk, other: Partial<AccountsSource> = {}): Promise<string> {
  const error = await loadAccounts({ ...desk.source, ...other }).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(ConfigurationError);
  return `${String(error)}\n${inspect(error, { depth: 10 })}\n${JSON.stringify(error)}`;
}

/** Values that fit nowhere or only somewhere, all with the marker in them. */
const values: readonly unknown[] = [
  MARKER,
  `${MARKER} with spaces`,
  `\${${MARKER}}`,
  [MARKER],
  { [MARKER]: MARKER },
  { [`not a name ${MARKER}`]: MARKER },
  [{ deep: [MARKER] }],
];

const fields = [
  ...[
    'username',
    'name',
    'broker',
    'enabled',
    'mode',
    'accounts',
    'discoverAccounts',
    'ttlSeconds',
    'verify',
  ],
  ...[
    'tokenFile',
    'hours',
    'environment',
    'password',
    'login',
    'api',
    'apiKey',
    'session',
    'clientId',
    'clientSecret',
  ],
  `not a name ${MARKER}`,
];

describe('no message holds a piece of the file', () => {
  it.each(['alpha', 'beta', 'gamma', MARKER])(
    'whatever stands in whichever field of an entry of %s',
    async (broker) => {
      const entries = fields.flatMap((field) =>
        values.map((value) => ({
          broker,
          username: 'USER_1',
          password: MARKER,
          surplus: MARKER,
          [field]: value,
        })),
      );
      const text = await printed(await openDesk(entries));
      // A nested field that nobody knows is named, as the contract wants: that is the only place left.
      expect(text.replaceAll(`has fields it does not know: ${MARKER}`, '')).not.toContain(MARKER);
    },
  );

  it.each(realBrokers)('nor of an entry of $title', async (broker) => {
    const entries = [...fields, ...Object.keys(broker.fields)].flatMap((field) =>
      values.map((value) => ({ broker: broker.name, username: 'USER_1', password: MARKER, [field]: value })),
    );
    const text = await printed(await openDesk(entries), { brokers: realBrokers });
    expect(text.replaceAll(`has fields it does not know: ${MARKER}`, '')).not.toContain(MARKER);
  });

  it('with the same text in every field', async () => {
    const entry = Object.fromEntries(fields.map((field) => [field, MARKER]));
    expect(await printed(await openDesk([entry, entry, { ...entry, broker: 'beta' }]))).not.toContain(MARKER);
  });

  it.each<unknown>([
    MARKER,
    { beta_markets: MARKER },
    { beta_markets: { live: { clientId: `${MARKER} 1` } } },
  ])('in a document of another shape: %j', async (document) => {
    expect(await printed(await openDesk(JSON.stringify(document)))).not.toContain(MARKER);
  });

  it('in a secret file that is no text', async () => {
    const desk = await openDesk([{ username: 'USER_1', password: 'file:secrets/password' }]);
    await mkdir(join(desk.folder, 'secrets'));
    await writeFile(join(desk.folder, 'secrets/password'), Buffer.from(`${MARKER}\xff`, 'latin1'));
    expect(await printed(desk)).not.toContain(MARKER);
  });

  const whole = JSON.stringify(
    [{ username: MARKER, password: `${MARKER}\\"${MARKER}`, ttlSeconds: 60.5e1 }],
    null,
    1,
  );

  it('wherever its JSON breaks off', async () => {
    const desk = await openDesk();
    for (let length = 0; length < whole.length; length += 7) {
      await desk.write(whole.slice(0, length));
      expect(await printed(desk)).not.toContain(MARKER);
    }
  });

  it('whichever character its JSON loses', async () => {
    for (let at = 0; at < whole.length; at += 1) {
      expect(JSON.stringify(readJson(whole.slice(0, at) + whole.slice(at + 1))).includes(MARKER)).toBe(
        isJson(whole.slice(0, at) + whole.slice(at + 1)),
      );
    }
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
