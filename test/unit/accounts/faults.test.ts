import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAccounts, readAccounts } from '../../../src/accounts/read.ts';
import { upstox } from '../../../src/brokers/upstox/index.ts';
import type { Connection } from '../../../src/core/broker.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { removeFolders } from '../../support/folder.ts';
import { openDesk, said } from './fakes.ts';

afterAll(removeFolders);

const good = { username: 'USER_1', password: 'made-up' };
const betaEntry = { ...good, broker: 'beta', apiKey: 'made-up-key' };
const names = '1 to 64 letters, digits, dots, dashes, underscores or @';

/** What is said of one entry, without its label. */
async function saidOf(entry: unknown): Promise<readonly string[]> {
  const desk = await openDesk([entry]);
  return said(await desk.read()).map((line) =>
    line.replace(/^credentials\.json, entry 1(?: \([^)]*\))?(?:, )?/, ''),
  );
}

describe('what is wrong with an entry', () => {
  it.each<readonly [unknown, readonly string[]]>([
    ['USER_1', [': must be an object in { }, with the fields of one login']],
    [null, [': must be an object in { }, with the fields of one login']],
    [{ username: 'USER_1' }, ['password: is missing: add it']],
    [{ password: 'made-up' }, ['username: is missing: the login at the broker']],
    [{ ...good, password: 12345678 }, ['password: must be a string in double quotes']],
    [{ ...good, password: null }, ['password: must be a string in double quotes']],
    [{ ...good, password: '' }, ['password: must not be empty']],
    [{ ...good, enabled: 'yes' }, ['enabled: must be true or false, without quotes']],
    [{ ...good, ttlSeconds: '600' }, ['ttlSeconds: must be a whole number of seconds, without quotes']],
    [{ ...good, ttlSeconds: 0.5 }, ['ttlSeconds: must be a whole number of seconds, without quotes']],
    [{ ...good, ttlSeconds: 0 }, ['ttlSeconds: must be at least 1']],
    [{ ...good, environment: 'paper' }, ['environment: must be one of demo, live']],
    [{ ...good, mode: 'watch' }, ['mode: must be "serve" or "observe"']],
    [{ ...good, accounts: 'SUB_1' }, ['accounts: must be a list of names']],
    [{ ...good, accounts: ['SUB_1', 'SUB 2'] }, [`accounts.1: must be ${names}`]],
    [{ ...good, name: 'desk:one' }, [`name: must be ${names}`]],
    [{ ...good, name: 'x'.repeat(65) }, [`name: must be ${names}`]],
    [
      { ...good, username: 'user one' },
      [`username: cannot be the name consumers read, which is ${names}: add a name`],
    ],
    [{ ...good, username: 'user one', name: 'user-1' }, []],
    [{ ...good, broker: 'Alpha' }, ['broker: must be one of alpha, beta, gamma']],
    [{ ...good, broker: 7 }, ['broker: must be one of alpha, beta, gamma']],
    [{ ...good, api: { appId: 'x' } }, ['api.cid: is missing: add it']],
    [{ ...good, api: { appId: 'x', cid: 1, sec: 'y' } }, ['api: has fields it does not know: sec']],
    [{ ...betaEntry, password: 5 }, ['password: must be a string in double quotes']],
    [{ ...betaEntry, apiKey: 'made up' }, ['apiKey: has a form that is not allowed']],
    [{ ...betaEntry, session: 'v2', accounts: ['SUB_1'] }, ['accounts: needs session "v3"']],
    [{ broker: 'gamma', clientId: 'id', clientSecret: 'x' }, ['name: is missing: give a name or a username']],
    [{ ...good, Password: 'x' }, ['Password: is unknown: did you mean password?']],
    [{ ...good, ttl_second: 60 }, ['ttl_second: is unknown: did you mean ttlSeconds?']],
    [{ ...good, comment: 'x' }, ['comment: is unknown: remove it']],
    [
      { ...good, apiKey: 'x' },
      ['apiKey: is a field of beta, not of alpha: set "broker", it is taken for alpha without'],
    ],
    [{ ...betaEntry, clientId: 'x' }, ['clientId: is a field of gamma, not of beta: remove it']],
    [{ ...good, 'a secret by mistake': 1 }, ['(not a name): is unknown: remove it']],
    [
      { ...good, password: '${NOWHERE}' },
      ['password: the environment variable NOWHERE is not set or empty: set it (or the same with _FILE)'],
    ],
    [
      { ...good, password: '${somebodys_password}' },
      [
        'password: the environment variable that it names is not set or empty: set it (or the same with _FILE)',
      ],
    ],
    [{ ...good, password: 'file:' }, ['password: names no file after "file:"']],
    [
      { ...good, hours: { days: [], from: '8:00', to: '23:30', zone: 'Mars' } },
      [
        'hours.days: must name a day',
        'hours.from: must be a time of day as HH:MM',
        'hours.zone: must be a time zone like Asia/Kolkata',
      ],
    ],
  ])('%j', async (entry, expected) => {
    expect(await saidOf(entry)).toEqual(expected);
  });

  it('login is read, and not yet supported', async () => {
    expect(await saidOf({ ...good, login: 'api' })).toEqual(['login: is not yet supported: leave it out']);
  });

  it('a token file belongs to one login', async () => {
    const tokenFile = 'token.json';
    const desk = await openDesk([
      { ...good, tokenFile },
      { ...good, username: 'SECOND', tokenFile },
    ]);
    expect(said(await desk.read())).toEqual([
      expect.stringMatching(/entry 2 \(SECOND\), tokenFile: is the file of .*entry 1/),
    ]);
  });

  const listsNone =
    'cannot be true here: the broker lists no accounts for this kind of login; name them in accounts';
  const provesNone = 'cannot be true here: the broker has no call that proves a token of this kind of login';
  const proving = { broker: 'gamma', name: 'AB0001', clientId: 'id', clientSecret: 'x' };

  it.each<readonly [unknown, readonly string[]]>([
    [{ ...good, discoverAccounts: true }, [`discoverAccounts: ${listsNone}`]],
    [{ ...good, verify: true }, [`verify: ${provesNone}`]],
    [
      { ...good, discoverAccounts: true, verify: true },
      [`discoverAccounts: ${listsNone}`, `verify: ${provesNone}`],
    ],
    [{ ...good, discoverAccounts: false, verify: false }, []],
    [{ ...proving, discoverAccounts: true, verify: true }, []],
    [{ ...proving, verify: false }, []],
  ])('its login has no call for: %j', async (entry, expected) => {
    expect(await saidOf(entry)).toEqual(expected);
  });

  it('names a secret file that cannot be read, from the folder of the credentials file', async () => {
    const desk = await openDesk([{ ...good, password: 'file:nowhere' }]);
    const [line] = said(await desk.read());
    expect(line).toBe(
      `credentials.json, entry 1 (USER_1), password: its secret file ${join(desk.folder, 'nowhere')} does not exist (ENOENT): mend the path or the file`,
    );
    await writeFile(join(desk.folder, 'nowhere'), '\n');
    expect(said(await desk.read())[0]).toContain('is empty');
    await writeFile(join(desk.folder, 'nowhere'), Buffer.from([0xff, 0xfe]));
    expect(said(await desk.read())[0]).toContain('is not UTF-8 text');
  });
});

describe('what is wrong between entries', () => {
  it('is a name that two have', async () => {
    const desk = await openDesk([
      { ...good, username: 'A', accounts: ['SUB_1', 'A'] },
      { ...good, username: 'B', accounts: ['SUB_1'] },
      { ...good, username: 'C', name: 'A' },
      { ...good, username: 'B', environment: 'live', enabled: false },
    ]);
    const rule = 'every name stands for one login';
    expect(said(await desk.read())).toEqual([
      `credentials.json, entry 1 (A), accounts.1: is a name of this entry itself already: ${rule}`,
      `credentials.json, entry 2 (B), accounts.0: is a name of credentials.json, entry 1 (A) already: ${rule}`.replace(
        'of credentials',
        `of ${desk.folder}/credentials`,
      ),
      `credentials.json, entry 3 (A), name: is a name of ${desk.file}, entry 1 (A) already: ${rule}`,
      `credentials.json, entry 4 (B), username: is a name of ${desk.file}, entry 2 (B) already: ${rule}`,
    ]);
  });

  it('is a login that two have', async () => {
    const desk = await openDesk([good, { ...good, name: 'again' }]);
    expect(said(await desk.read())).toEqual([
      `credentials.json, entry 2 (again): is the same login as ${desk.file}, entry 1 (USER_1): keep one of them, with the other's names in its accounts`,
    ]);
  });

  it('is what the broker leaves to one login alone', async () => {
    const app = {
      broker: 'upstox',
      clientId: 'made-up-app',
      clientSecret: 'made-up-secret',
      redirectUri: 'https://app.example/callback',
    };
    const folder = await mkdtemp(join(tmpdir(), 'token-refresher-'));
    const file = join(folder, 'credentials.json');
    const read = async (approval: string): Promise<readonly string[]> => {
      const entries = ['AB0001', 'AB0002'].map((userId) => ({ ...app, name: userId, userId, approval }));
      await writeFile(file, JSON.stringify(entries));
      const connect = (): Connection => ({});
      const { faults } = await readAccounts({ file, brokers: [upstox], setting: () => undefined, connect });
      return faults.map(({ message }) => message);
    };
    expect(await read('browser')).toEqual([]);
    expect(await read('request')).toEqual([
      expect.stringMatching(/entry 1 \(AB0001\) asks for approvals through the same app: .*clientId/),
    ]);
    await rm(folder, { recursive: true });
  });
});

describe('what is wrong with the file', () => {
  it.each([
    ['', 'is not JSON: line 1, column 1: the text ends too early'],
    [
      '[{"username":"USER_1",\n "password":"x",}]',
      'is not JSON: line 2, column 17: a comma too many stands before this bracket',
    ],
    ['{"USER_1":"made-up"}', 'must be a list in [ ], with one entry a login'],
    ['"made-up"', 'must be a list in [ ], with one entry a login'],
    ['[]', 'names no account: add an entry (credentials.example.json shows how)'],
  ])('%s', async (text, message) => {
    const desk = await openDesk(text);
    expect(said(await desk.read())).toEqual([`credentials.json: ${message}`]);
  });

  it('is that it is not there', async () => {
    const desk = await openDesk();
    expect(said(await desk.read())).toEqual([
      'credentials.json: does not exist (ENOENT): create it (credentials.example.json shows how)',
    ]);
  });

  it('is that it is a folder', async () => {
    const desk = await openDesk();
    await mkdir(desk.file);
    expect(said(await desk.read())).toEqual([
      'credentials.json: is a folder (EISDIR): mend the path or the file',
    ]);
  });

  it.skipIf(process.getuid?.() === 0)('is that this user may not read it', async () => {
    const desk = await openDesk([good]);
    await chmod(desk.file, 0);
    expect(said(await desk.read())[0]).toContain('may not be read by this user');
  });
});

it('says everything in one message', async () => {
  const desk = await openDesk([
    { ...good, passwort: 'x', enabled: 1 },
    { username: 'USER_2', mode: 'watch', password: '${NOWHERE}' },
    { ...good, username: 'USER_3', accounts: ['USER_1'] },
  ]);
  const error = await loadAccounts(desk.source).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(String(error).split('\n').slice(1)).toEqual([
    expect.stringMatching(/entry 1 \(USER_1\), passwort: is unknown: did you mean password\?$/),
    expect.stringMatching(/entry 1 \(USER_1\), enabled: must be true or false/),
    expect.stringMatching(/entry 2 \(USER_2\), password: the environment variable NOWHERE is not set/),
    expect.stringMatching(/entry 2 \(USER_2\), mode: must be "serve" or "observe"/),
    expect.stringMatching(/entry 3 \(USER_3\), accounts\.0: is a name of .*entry 1 \(USER_1\) already/),
  ]);
});
