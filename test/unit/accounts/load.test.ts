import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAccounts } from '../../../src/accounts/read.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { removeFolders } from '../../support/folder.ts';
import { openDesk, said } from './fakes.ts';

afterAll(removeFolders);

describe('the credentials file', () => {
  it('may be a plain list of usernames and passwords', async () => {
    const desk = await openDesk([
      { username: 'USER_1', password: 'made-up-1' },
      { username: 'USER_2', password: 'made-up-2' },
    ]);
    const { accounts, files } = await loadAccounts(desk.source);
    expect(accounts).toEqual([
      {
        name: 'USER_1',
        broker: 'alpha',
        environment: 'demo',
        username: 'USER_1',
        enabled: true,
        subAccounts: [],
        ttlSeconds: undefined,
        discoverAccounts: false,
        hours: undefined,
        verify: false,
        identity: 'alpha/demo/USER_1',
        credentials: ['made-up-1'],
        key: undefined,
        connection: {},
      },
      expect.objectContaining({ name: 'USER_2', credentials: ['made-up-2'] }),
    ]);
    expect(files.map(({ path }) => path)).toEqual([desk.file]);
  });

  it('may set everything that is common to all brokers', async () => {
    const hours = { days: ['mon', 'fri'], from: '08:00', to: '23:30', zone: 'Asia/Kolkata' };
    const desk = await openDesk([
      {
        broker: 'beta',
        username: 'USER_1',
        name: 'desk@one',
        password: 'made-up',
        apiKey: 'made-up-key',
        environment: 'live',
        enabled: false,
        accounts: ['SUB_1', 'SUB.2'],
        ttlSeconds: 600,
        mode: 'serve',
        verify: false,
        discoverAccounts: false,
      },
      {
        broker: 'gamma',
        name: 'AB0001',
        clientId: 'id',
        clientSecret: 'made-up',
        verify: false,
        discoverAccounts: true,
        hours,
      },
    ]);
    const { accounts } = await loadAccounts(desk.source);
    expect(accounts).toMatchObject([
      {
        name: 'desk@one',
        username: 'USER_1',
        broker: 'beta',
        environment: 'live',
        enabled: false,
        subAccounts: ['SUB_1', 'SUB.2'],
        ttlSeconds: 600,
        verify: false,
        discoverAccounts: false,
        hours: undefined,
      },
      {
        name: 'AB0001',
        username: 'AB0001',
        verify: false,
        discoverAccounts: true,
        hours,
        subAccounts: [],
      },
    ]);
  });

  it('takes strings from the environment and from files, however deep', async () => {
    const desk = await openDesk(
      [
        {
          username: '${DESK_USER}',
          password: 'file:secrets/password',
          api: { appId: 'file:secrets/../secrets/app', cid: '${CID}' },
          accounts: ['${SUB}'],
        },
      ],
      { DESK_USER: 'USER_1', CID: '8', SUB: 'SUB_1' },
    );
    await mkdir(join(desk.folder, 'secrets'));
    await writeFile(join(desk.folder, 'secrets/password'), 'made up \n\n');
    await writeFile(join(desk.folder, 'secrets/app'), 'made-up\r\n');
    const { accounts, files } = await loadAccounts(desk.source);
    expect(accounts).toMatchObject([{ name: 'USER_1', credentials: ['made up \n'], subAccounts: ['SUB_1'] }]);
    expect(files.map(({ path }) => path)).toEqual([
      desk.file,
      join(desk.folder, 'secrets/password'),
      join(desk.folder, 'secrets/app'),
    ]);
  });

  it.each(['pa${NAME}', '${}', '${1A}', '$NAME', ' file:x'])('takes %j as it stands', async (password) => {
    const desk = await openDesk([{ username: 'USER_1', password }]);
    expect((await loadAccounts(desk.source)).accounts[0]?.credentials).toEqual([password]);
  });

  it('may begin with a byte order mark and be reached by a link', async () => {
    const desk = await openDesk();
    await writeFile(join(desk.folder, 'real.json'), '\uFEFF[{"username":"USER_1","password":"made-up"}]\n');
    await symlink('real.json', desk.file);
    expect((await loadAccounts(desk.source)).accounts).toHaveLength(1);
  });

  it('may have the older shape, filled up from the environment', async () => {
    const desk = await openDesk(
      { beta_markets: { live: { clientId: 'CLIENT1', password: '${PASSWORD}' } } },
      { PASSWORD: 'made-up', BETA_USERNAME: 'USER_1', BETA_API_KEY: 'made-up-key' },
    );
    const { accounts } = await loadAccounts(desk.source);
    expect(accounts).toMatchObject([
      { name: 'CLIENT1', username: 'USER_1', environment: 'live', credentials: ['made-up', 'made-up-key'] },
    ]);
  });
});

it('says once where a value of the older shape is not to be found', async () => {
  const older = {
    beta_markets: { demo: { clientId: 'C1', username: 'A', password: '${NOWHERE}', apiKey: 'k' } },
  };
  expect(said(await (await openDesk(older)).read())).toEqual([
    expect.stringMatching(
      /^credentials\.json, beta_markets\.demo\.password: the environment variable NOWHERE/,
    ),
  ]);
});

describe('accounts of the environment', () => {
  const env = { BETA_USERNAME: 'USER_9', BETA_PASSWORD: 'made-up', BETA_API_KEY: 'made-up-key' };

  it('need no file', async () => {
    const desk = await openDesk(undefined, env);
    const { accounts, files } = await loadAccounts(desk.source);
    expect(accounts).toMatchObject([{ name: 'USER_9', broker: 'beta' }]);
    expect(files).toEqual([{ path: desk.file, digest: 'absent' }]);
  });

  it('come after those of the file', async () => {
    const desk = await openDesk([{ username: 'USER_1', password: 'made-up' }], env);
    expect((await loadAccounts(desk.source)).accounts.map(({ name }) => name)).toEqual(['USER_1', 'USER_9']);
  });

  it('do not excuse a file that is broken', async () => {
    const desk = await openDesk('[', env);
    expect(said(await desk.read())).toEqual([
      'credentials.json: is not JSON: line 1, column 2: the text ends too early',
    ]);
  });

  it('are none where their broker finds them in the file already', async () => {
    const entry = { broker: 'gamma', name: 'AB0001', clientId: 'id', clientSecret: '${GAMMA_CLIENT_SECRET}' };
    const desk = await openDesk([entry], { GAMMA_CLIENT_SECRET: 'made-up' });
    expect((await loadAccounts(desk.source)).accounts.map(({ name }) => name)).toEqual(['AB0001']);
  });

  it('are accounts of their own where the file has another login', async () => {
    const entry = { broker: 'beta', username: 'USER_1', password: 'another', apiKey: '${BETA_API_KEY}' };
    const desk = await openDesk([entry], env);
    expect((await loadAccounts(desk.source)).accounts).toHaveLength(2);
  });

  it('say which variable they lack, and not that there is no file', async () => {
    const desk = await openDesk(undefined, { BETA_USERNAME: 'USER_9', BETA_PASSWORD: 'made-up' });
    expect(said(await desk.read())).toEqual([
      'environment (beta) (USER_9), apiKey: is missing: add it (not set in the environment: BETA_API_KEY)',
    ]);
  });

  it('pass on what is wrong with a secret file', async () => {
    const desk = await openDesk(undefined, env);
    const setting = (): never => {
      throw new ConfigurationError([{ at: 'BETA_PASSWORD_FILE', message: '/nowhere does not exist' }]);
    };
    await expect(loadAccounts({ ...desk.source, setting })).rejects.toThrow(
      /environment \(beta\): BETA_PASSWORD_FILE \/nowhere does not exist/,
    );
  });
});

it('says once what is wrong with a setting that every account of a broker needs', async () => {
  const desk = await openDesk([
    { username: 'USER_1', password: 'made-up' },
    { username: 'USER_2', password: 'made-up' },
  ]);
  const connect = (): never => {
    throw new ConfigurationError([{ at: 'ALPHA_URL', message: 'must be a URL' }]);
  };
  const failure = await loadAccounts({ ...desk.source, connect }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ faults: [{ at: 'ALPHA_URL', message: 'must be a URL' }] });
});
