import { describe, expect, it } from 'vitest';
import type { RawEntry } from '../../../../src/core/broker.ts';
import { ig } from '../../../../src/brokers/ig/index.ts';

type Settings = Readonly<Record<string, string>>;
const reader = (settings: Settings) => (variable: string) => settings[variable];
const fromEnvironment = (settings: Settings, file: readonly RawEntry[] = []): readonly RawEntry[] =>
  ig.fromEnvironment?.(reader(settings), file) ?? [];
const fromOlderShape = (document: unknown, settings: Settings = {}): readonly RawEntry[] | undefined =>
  ig.fromOlderShape?.(document, reader(settings));

const env = { IG_USERNAME: 'desk_env', IG_PASSWORD: 'made-up', IG_API_KEY: 'key-env' };
const entry = {
  broker: 'ig',
  username: 'desk_env',
  password: 'made-up',
  apiKey: 'key-env',
  environment: 'demo',
};

describe('the environment alone', () => {
  it.each<[string, Settings, readonly RawEntry[]]>([
    ['makes nothing where nothing is set', {}, []],
    ['makes nothing of IG_DEMO and IG_ACCOUNT_ID', { IG_DEMO: 'true', IG_ACCOUNT_ID: 'ZZ1A2' }, []],
    ['makes a demo account', env, [entry]],
    ['makes a live account', { ...env, IG_DEMO: 'false' }, [{ ...entry, environment: 'live' }]],
    ['takes the account id along', { ...env, IG_ACCOUNT_ID: 'ZZ1A2' }, [{ ...entry, accountId: 'ZZ1A2' }]],
    ['counts an empty string as absent', { IG_USERNAME: '', IG_PASSWORD: '', IG_API_KEY: '' }, []],
  ])('%s', (_what, settings, entries) => {
    expect(fromEnvironment(settings)).toEqual(entries);
  });

  it.each([
    ['username', { IG_PASSWORD: 'made-up', IG_API_KEY: 'key-env' }],
    ['password', { IG_USERNAME: 'desk_env', IG_API_KEY: 'key-env' }],
    ['apiKey', { IG_USERNAME: 'desk_env', IG_PASSWORD: 'made-up' }],
  ])('without the %s makes an entry whose check says so', (field, settings) => {
    const [made = {}] = fromEnvironment(settings);
    const read = ig.login(made);
    expect('faults' in read && read.faults.map((fault) => fault.field)).toEqual([field]);
  });

  it('hands an unreadable IG_DEMO to the check instead of guessing', () => {
    const [made = {}] = fromEnvironment({ ...env, IG_DEMO: 'perhaps' });
    const read = ig.login(made);
    expect('faults' in read && read.faults.map((fault) => fault.field)).toEqual(['environment']);
  });

  it.each<[string, Settings, RawEntry, number]>([
    ['all three stand in an entry', env, { ...entry, name: 'one', environment: 'live' }, 0],
    [
      'only the password is set, and stands in an entry',
      { IG_PASSWORD: 'made-up' },
      { ...entry, username: 'other' },
      0,
    ],
    ['another login has the same password', env, { ...entry, username: 'other', apiKey: 'key-other' }, 1],
    ['another broker has the same', env, { ...entry, broker: 'tradovate' }, 1],
  ])('makes no second account of one login: %s', (_what, settings, fileEntry, made) => {
    expect(fromEnvironment(settings, [fileEntry])).toHaveLength(made);
  });
});

describe('the older shape', () => {
  const oauthToken = {
    access_token: 'a',
    refresh_token: 'r',
    token_type: 'Bearer',
    expires_in: '60',
    scope: 'profile',
  };

  it.each([
    ['a list', []],
    ['another object', { accounts: [] }],
    ['a string', 'ig_markets'],
    ['null', null],
  ])('is not %s', (_what, document) => {
    expect(fromOlderShape(document)).toBeUndefined();
  });

  it('becomes an entry named after the client', () => {
    const demo = {
      enabled: true,
      clientId: 100000001,
      accountId: 'ZZ1A2',
      oauthToken,
      username: 'desk_old',
      password: 'p',
      apiKey: 'k',
    };
    expect(fromOlderShape({ ig_markets: { demo } })).toEqual([
      {
        broker: 'ig',
        environment: 'demo',
        name: '100000001',
        enabled: true,
        accountId: 'ZZ1A2',
        oauthToken,
        username: 'desk_old',
        password: 'p',
        apiKey: 'k',
      },
    ]);
  });

  it('takes what it lacks from the environment, and the environment makes no account of it', () => {
    const live = {
      clientId: '100000001',
      accountId: 'ZZ1A2',
      username: '',
      password: null,
      oauthToken: { access_token: '', refresh_token: null },
    };
    const entries = fromOlderShape({ ig_markets: { live } }, env) ?? [];
    expect(entries).toEqual([{ ...entry, environment: 'live', name: '100000001', accountId: 'ZZ1A2' }]);
    expect(fromEnvironment(env, entries)).toEqual([]);
  });

  it('does not read a setting that it does not lack', () => {
    const read: string[] = [];
    const demo = { clientId: '1', username: 'u', password: 'p' };
    ig.fromOlderShape?.({ ig_markets: { demo } }, (variable) => void read.push(variable));
    expect(read).toEqual(['IG_API_KEY']);
  });

  it('leaves out an environment that is empty and switched off, and keeps one that is only switched off', () => {
    const off = {
      enabled: false,
      clientId: '',
      accountId: '',
      oauthToken: {},
      username: '',
      password: '',
      apiKey: '',
    };
    const entries = fromOlderShape({ ig_markets: { demo: off, live: { ...off, clientId: '2' } } }, env);
    expect(entries).toEqual([{ ...entry, environment: 'live', name: '2', enabled: false }]);
  });

  it('lets the checks see what does not belong', () => {
    const [made = {}] = fromOlderShape({ ig_markets: { prod: { clientId: '1', colour: 'red' } } }, env) ?? [];
    expect(made).toMatchObject({ environment: 'prod', colour: 'red' });
    const read = ig.login(made);
    expect('faults' in read && read.faults.map((fault) => fault.field)).toEqual(['environment']);
  });
});
