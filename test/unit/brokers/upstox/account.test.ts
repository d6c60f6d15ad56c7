import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { upstox } from '../../../../src/brokers/upstox/index.ts';
import type { RawEntry } from '../../../../src/core/broker.ts';
import { entry } from './harness.ts';

const faultsOf = (changes: RawEntry): readonly { field: string; message: string }[] => {
  const read = upstox.login({ ...entry, ...changes });
  return 'faults' in read ? read.faults : [];
};
const loginOf = (changes: RawEntry = {}) => {
  const read = upstox.login({ ...entry, ...changes });
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  return read.login;
};

describe('an entry that is wrong says which field and what to do', () => {
  it.each([
    ['clientId missing', { clientId: undefined }, 'clientId', /missing.*API key.*UPSTOX_CLIENT_ID/],
    ['clientSecret missing', { clientSecret: undefined }, 'clientSecret', /missing.*UPSTOX_CLIENT_SECRET/],
    ['clientSecret with a space in it', { clientSecret: 'made-up secret' }, 'clientSecret', /has a space/],
    ['clientSecret no text', { clientSecret: 12345 }, 'clientSecret', /must be a text/],
    ['redirectUri missing', { redirectUri: undefined }, 'redirectUri', /missing.*UPSTOX_REDIRECT_URI/],
    ['redirectUri without a scheme', { redirectUri: 'app.example/callback' }, 'redirectUri', /absolute http/],
    [
      'redirectUri of another scheme',
      { redirectUri: 'ftp://app.example/callback' },
      'redirectUri',
      /absolute http/,
    ],
    ['redirectUri with a fragment', { redirectUri: 'https://app.example/#x' }, 'redirectUri', /fragment/],
    ['userId no user id', { userId: 'AB 0001' }, 'userId', /UCC/],
    ['approval of another kind', { approval: 'totp' }, 'approval', /"browser" or "request"/],
    ['extendedToken no yes or no', { extendedToken: 'yes' }, 'extendedToken', /true or false/],
    ['neither name nor username', { name: undefined }, 'name', /missing/],
  ])('%s', (_name, changes, field, message) => {
    expect(faultsOf(changes)).toEqual([{ field, message: expect.stringMatching(message) }]);
  });

  it('and never what was given', () => {
    const said = JSON.stringify(
      faultsOf({ clientSecret: 'oh my-secret', redirectUri: 'my-secret', userId: 'my-secret' }),
    );
    expect(said).not.toContain('my-secret');
  });

  it('several at once', () => {
    expect(faultsOf({ clientId: undefined, redirectUri: undefined }).map(({ field }) => field)).toEqual([
      'clientId',
      'redirectUri',
    ]);
  });
});

describe('a login', () => {
  it('goes by its name where it has no username', () => {
    expect(loginOf().username).toBe('desk-in');
    expect(loginOf({ username: 'someone' }).username).toBe('someone');
  });

  it('is one person where the user id is given, however it is written, else one app', () => {
    expect(loginOf().identity).toBe('upstox/AB0001');
    expect(loginOf({ userId: 'ab0001' }).identity).toBe('upstox/AB0001');
    expect(loginOf({ userId: undefined }).identity).toBe(`upstox/app/${entry.clientId}`);
  });

  it('changes its credentials with the app, not with the user id', () => {
    const { clientId, clientSecret, redirectUri } = entry;
    expect(loginOf().credentials).toEqual([clientId, clientSecret, redirectUri]);
    expect(loginOf({ userId: 'AB0002' }).credentials).toEqual(loginOf().credentials);
  });

  it('keeps the redirect as it was written: Upstox compares the text', () => {
    expect(loginOf({ redirectUri: 'http://LOCALHOST:5001' }).credentials).toContain('http://LOCALHOST:5001');
  });
});

it('nothing that is read comes later', () => {
  expect(upstox.notYet({ ...entry, approval: 'request', extendedToken: true })).toEqual([]);
});

describe('the environment', () => {
  const all = {
    UPSTOX_CLIENT_ID: entry.clientId,
    UPSTOX_CLIENT_SECRET: entry.clientSecret,
    UPSTOX_REDIRECT_URI: entry.redirectUri,
    UPSTOX_USER_ID: entry.userId,
  };
  const entriesOf = (settings: Readonly<Record<string, string>>, file: readonly RawEntry[] = []) =>
    upstox.fromEnvironment?.((variable) => settings[variable], file) ?? [];

  it('makes no account where nothing is set', () => {
    expect(entriesOf({})).toEqual([]);
    expect(entriesOf({ UPSTOX_CLIENT_ID: '' })).toEqual([]);
  });

  it('makes one, named after the user', () => {
    expect(entriesOf(all)).toEqual([{ ...entry, broker: 'upstox', name: 'AB0001' }]);
  });

  it('named upstox where no user is given', () => {
    expect(entriesOf({ ...all, UPSTOX_USER_ID: '' })).toMatchObject([{ name: 'upstox' }]);
  });

  it('makes one that lacks what is not set, and its faults name the variables', () => {
    const [partly = {}] = entriesOf({ UPSTOX_CLIENT_ID: entry.clientId });
    const read = z.object({ ...upstox.fields }).safeParse(partly);
    expect(read.error?.issues.map(({ message }) => message)).toEqual([
      expect.stringContaining('UPSTOX_CLIENT_SECRET'),
      expect.stringContaining('UPSTOX_REDIRECT_URI'),
    ]);
  });

  it('makes none where the file has that login already', () => {
    expect(entriesOf(all, [{ ...entry, broker: 'upstox' }])).toEqual([]);
    expect(entriesOf(all, [{ ...entry, broker: 'upstox', userId: 'AB0002' }])).toHaveLength(1);
  });
});
