import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ig } from '../../../../src/brokers/ig/index.ts';
import { entry } from './harness.ts';

const faultsOf = (changes: object): readonly string[] => {
  const read = ig.login({ ...entry, ...changes });
  return 'faults' in read ? read.faults.map(({ field }) => field) : [];
};
const loginOf = (changes: object = {}) => {
  const read = ig.login({ ...entry, ...changes });
  if ('faults' in read) throw new Error('refused');
  return read.login;
};

const sealed = { session: 'v2', encryptPassword: true };

describe('an entry', () => {
  it('with username, password and apiKey is a demo login', () => {
    expect(loginOf()).toMatchObject({
      username: 'desk_one',
      environment: 'demo',
      identity: 'ig/demo/desk_one',
    });
  });

  it.each([
    ['password', 'another'],
    ['apiKey', 'another'],
    ['environment', 'live'],
  ])('with another %s has other credentials, so that a stopped account is tried again', (field, value) => {
    expect(loginOf({ [field]: value }).credentials).not.toEqual(loginOf().credentials);
  });

  it.each([
    ['no apiKey', { apiKey: undefined }, ['apiKey']],
    ['no password', { password: '' }, ['password']],
    ['an e-mail address for a username', { username: 'desk@made-up.example' }, ['username']],
    ['a username of 31 characters', { username: 'd'.repeat(31) }, ['username']],
    ['a password of 351 characters', { password: 'p'.repeat(351) }, ['password']],
    ['a password of two lines', { password: 'made\nup' }, ['password']],
    ['an unknown environment', { environment: 'prod' }, ['environment']],
    ['an unknown session', { session: 'v1' }, ['session']],
    ['an account id that breaks its header', { accountId: 'ZZ\n1' }, ['accountId']],
    ['half a pair', { oauthToken: { access_token: 'a' } }, ['oauthToken.refresh_token']],
    ['an encrypted password in v3', { encryptPassword: true }, ['encryptPassword']],
    ['an unknown character set', { ...sealed, passwordCharset: 'utf-16' }, ['passwordCharset']],
    ['a character set of a plain password', { session: 'v2', passwordCharset: 'utf-8' }, ['passwordCharset']],
    [
      'a password that its character set does not have',
      { ...sealed, password: 'schlüssel€', passwordCharset: 'latin-1' },
      ['password'],
    ],
    ['sub-accounts in v2', { session: 'v2', accounts: ['ZZ1'] }, ['accounts']],
    ['discovery in v2', { session: 'v2', discoverAccounts: true }, ['discoverAccounts']],
    ['streaming in v2', { session: 'v2', streaming: true }, ['streaming']],
    [
      'an OAuth pair in v2',
      { session: 'v2', oauthToken: { access_token: 'a', refresh_token: 'r' } },
      ['oauthToken'],
    ],
    ['two faults at once', { password: undefined, apiKey: 5 }, ['password', 'apiKey']],
  ])('with %s is refused at that field', (_what, changes, fields) => {
    expect(faultsOf(changes)).toEqual(fields);
  });

  it.each([{}, sealed, { ...sealed, passwordCharset: 'latin-1' }, { streaming: true }])(
    '%j is served whole: nothing is left for later',
    (changes) => {
      expect(ig.notYet({ ...entry, ...changes })).toEqual([]);
      expect(faultsOf(changes)).toEqual([]);
    },
  );

  it('warns of an encrypted password beyond ASCII, as long as nobody says how it is sent', () => {
    const warnings = (changes: object): readonly string[] => loginOf(changes).warnings ?? [];
    const foreign = { ...sealed, password: 'schlüssel' };
    expect(warnings(foreign)).toEqual([expect.stringContaining('passwordCharset')]);
    expect(warnings(foreign).join()).not.toContain('schl');
    expect(warnings({ ...foreign, passwordCharset: 'utf-8' })).toEqual([]);
    expect(warnings({ ...foreign, passwordCharset: 'latin-1' })).toEqual([]);
    expect(warnings(sealed)).toEqual([]);
    expect(warnings({ password: 'schlüssel' })).toEqual([]);
  });

  it('has other credentials with another character set, so that a stopped one is tried again', () => {
    const of = (changes: object): readonly string[] => loginOf({ ...sealed, ...changes }).credentials;
    expect(of({ passwordCharset: 'latin-1' })).not.toEqual(of({}));
    expect(of({ passwordCharset: 'utf-8' })).toEqual(of({}));
  });

  it('names its API key and environment, by which IG counts', () => {
    expect(loginOf().key).toBe(`demo ${String(entry.apiKey)}`);
    expect(loginOf({ environment: 'live' }).key).not.toBe(loginOf().key);
  });

  it('has other credentials with another accountId in v2 only, where a wrong one stops it', () => {
    const withAccount = (session: string, accountId: string) => loginOf({ session, accountId }).credentials;
    expect(withAccount('v2', 'ZZ1')).not.toEqual(withAccount('v2', 'ZZ2'));
    expect(withAccount('v3', 'ZZ1')).toEqual(withAccount('v3', 'ZZ2'));
  });

  it('is never quoted in a fault', () => {
    const odd = {
      password: { of: 's3cret' },
      apiKey: 's3cret key',
      environment: 's3cret',
      session: 's3cret',
      accountId: 's3cret\n',
      streaming: 's3cret',
      oauthToken: { access_token: 's3cret token', refresh_token: ['s3cret'], expires_in: {} },
    };
    const issues = z.strictObject(ig.fields).safeParse(odd).error?.issues ?? [];
    expect(issues.map(({ path }) => path.join('.'))).toEqual([
      'environment',
      'password',
      'apiKey',
      'session',
      'accountId',
      'streaming',
      'oauthToken.access_token',
      'oauthToken.refresh_token',
      'oauthToken.expires_in',
    ]);
    expect(issues.filter(({ message }) => message.includes('s3cret'))).toEqual([]);
  });
});
