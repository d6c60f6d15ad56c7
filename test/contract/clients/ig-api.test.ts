import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ig } from '../../../src/brokers/ig/index.ts';
import { makeRig, offered, unhurried, type Rig } from '../rig.ts';

/**
 * npm `ig-api` 0.15.0 (github wagerfield/ig-api) against our simulator: its own v2 logins, plain and
 * encrypted, and with tokens that our adapter got. What it encrypts with (pidcrypt) was written by nobody
 * here: that our simulator reads it, and reads our own, shows that both follow one recipe.
 *
 * Known faults of the client, so that nobody looks for them here:
 * - pidcrypt does not load where `navigator` has no `appName`: the process sets one.
 * - A login after the first one carries the old CST along.
 * - It keeps the tokens of a 200 without looking: a rerouted login leaves it without X-SECURITY-TOKEN.
 * - It encrypts Latin-1 bytes, not UTF-8.
 */
const DEADLINE_MS = 10_000;

const apiKey = 'made-up-demo-key';
const login = { username: 'made_up_ig', password: 'made-up & | / secret' };
const entry = { ...login, apiKey, session: 'v2' };

const output = z.object({
  results: z.array(z.json()),
  cst: z.string().optional(),
  xst: z.string().optional(),
});
const run = promisify(execFile);

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig(ig);
  rig.simulator.setPassword('ig', login.username, login.password);
});
afterEach(() => rig.stop());

const set = (name: string, value: unknown): void => rig.simulator.setSwitch('ig', name, value);
const operations = (): readonly string[] => rig.simulator.calls().map(({ operation }) => operation);

async function client(given: object): Promise<z.output<typeof output>> {
  const argument = JSON.stringify({ url: rig.simulator.setting('IG_API_URL'), apiKey, ...login, ...given });
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'ig-api-client.ts'), argument], {
    timeout: DEADLINE_MS,
  });
  return output.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}

describe('npm ig-api', () => {
  test('logs in, reads its session and its accounts, and logs out', async () => {
    const { results, cst, xst } = await client({
      steps: ['login', 'session', 'accounts', 'logout', 'session'],
    });
    expect(results).toMatchObject([
      { accountType: 'CFD', reroutingEnvironment: null },
      { clientId: expect.any(String) },
      { accounts: [{ preferred: true }, {}, {}] },
      '',
      { failed: 'error.security.client-token-invalid' },
    ]);
    expect([cst, xst]).toEqual([
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ]);
    expect(operations()).toEqual(['login', 'session', 'accounts', 'logout', 'session']);
  });

  test.each(['number', 'string'])(
    'encrypts its password as our simulator reads it (timeStamp a %s)',
    async (type) => {
      set('timeStampType', type);
      set('encryptionRequired', 'yes');
      const { results } = await client({ steps: ['login-encrypted', 'session'] });
      expect(results).toMatchObject([{ accountType: 'CFD' }, { clientId: expect.any(String) }]);
      expect(operations()).toEqual(['encryption-key', 'login', 'session']);
    },
  );

  test.each([
    ['utf-8', 'failed'],
    ['latin-1', 'accountType'],
    ['both', 'accountType'],
  ])(
    'writes a password beyond ASCII in Latin-1: with passwordCharset %s it has %s',
    async (charset, field) => {
      set('passwordCharset', charset);
      rig.simulator.setPassword('ig', login.username, 'schlüssel');
      const { results } = await client({ steps: ['login-encrypted'], password: 'schlüssel' });
      expect(results[0]).toHaveProperty(field);
    },
  );

  test('is refused as our adapter is', async () => {
    const { results } = await client({ steps: ['login'], password: 'another' });
    expect(results).toEqual([{ failed: 'error.security.invalid-details' }]);
  });

  test.each([
    ['plain', {}],
    ['encrypted', { encryptPassword: true }],
    ['moved to another account', { accountId: 'ZZ9X8' }],
  ])('works with the pair that our adapter got, %s, and ends it', async (_what, changes) => {
    const connection = rig.connect({ ...entry, ...changes });
    const grant = await rig.grant(connection);
    const { CST, 'X-SECURITY-TOKEN': xst } = grant.headers;
    const tokens = { CST, 'X-SECURITY-TOKEN': xst };
    const { results } = await client({ steps: ['session', 'accounts', 'logout'], tokens });
    expect(results).toMatchObject([
      { accountId: grant.accountId, clientId: grant.owner },
      { accounts: [{}, {}, {}] },
      '',
    ]);
    expect(await offered(connection.probe)(grant, unhurried())).toBe('dead');
  });
});
