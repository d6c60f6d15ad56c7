import { describe, expect, test } from 'vitest';
import { tradovate } from '../../../../src/brokers/tradovate/index.ts';
import type { Login, RawEntry } from '../../../../src/core/broker.ts';

const plain = { username: 'USER_000000', password: 'made-up-secret' };
const api = { appId: 'App', appVersion: '1.0', deviceId: 'made-up-device', cid: 1234, sec: 'made-up-secret' };

function loginOf(entry: RawEntry): Login {
  const read = tradovate.login(entry);
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  return read.login;
}

function faultsOf(entry: RawEntry): readonly string[] {
  const read = tradovate.login(entry);
  if (!('faults' in read)) return [];
  expect(JSON.stringify(read.faults)).not.toContain('made-up-secret');
  return read.faults.map(({ field }) => field);
}

describe('a Tradovate entry', () => {
  test('needs no more than username and password', () => {
    expect(loginOf(plain)).toMatchObject({
      username: 'USER_000000',
      environment: 'demo',
      identity: 'tradovate/demo/USER_000000',
    });
  });

  test('is another login in another environment', () => {
    const live = loginOf({ ...plain, environment: 'live' });
    expect(live.identity).toBe('tradovate/live/USER_000000');
    expect(live.credentials).not.toEqual(loginOf(plain).credentials);
  });

  test.each<[string, RawEntry, string]>([
    ['no username', { password: 'made-up-secret' }, 'username'],
    ['a space after the username', { ...plain, username: 'USER ' }, 'username'],
    ['a line break in the username', { ...plain, username: 'US\nER' }, 'username'],
    ['no password', { username: 'USER' }, 'password'],
    ['an empty password', { ...plain, password: '' }, 'password'],
    ['a line break in the password', { ...plain, password: 'made-up-secret\n' }, 'password'],
    ['a number as password', { ...plain, password: 1 }, 'password'],
    ['another environment', { ...plain, environment: 'paper' }, 'environment'],
    ['another way in', { ...plain, login: 'oauth' }, 'login'],
    ['a text for renew', { ...plain, renew: 'yes' }, 'renew'],
    ['an API key for a bridge login', { ...plain, api }, 'api'],
    ['an API login without its key', { ...plain, login: 'api' }, 'api'],
    ['an API key without its secret', { ...plain, login: 'api', api: { ...api, sec: undefined } }, 'api.sec'],
    ['an API key with another field', { ...plain, login: 'api', api: { ...api, key: 1 } }, 'api'],
    ['a space after the key', { ...plain, login: 'api', api: { ...api, sec: 'made-up-secret ' } }, 'api.sec'],
    ['a word for the key', { ...plain, login: 'api', api: { ...api, cid: 'x' } }, 'api.cid'],
    ['renew with an API login', { ...plain, login: 'api', api, renew: true }, 'renew'],
  ])('with %s is refused', (_, entry, field) => {
    expect(faultsOf(entry)).toEqual([field]);
  });

  test('may have a password of any printable kind', () => {
    expect(faultsOf({ ...plain, password: ' & + % # = @ / "ü" ' })).toEqual([]);
  });

  test('leaves nothing for later', () => {
    expect(tradovate.notYet({ ...plain, login: 'api', api, renew: true })).toEqual([]);
  });

  test('is another set of credentials with another API key', () => {
    const entry = { ...plain, login: 'api', api };
    const other = { ...entry, api: { ...api, deviceId: 'another-device' } };
    expect(loginOf(other).credentials).not.toEqual(loginOf(entry).credentials);
    expect(loginOf(entry).credentials).not.toEqual(loginOf(plain).credentials);
    expect(loginOf(entry).identity).toBe(loginOf(plain).identity);
  });
});
