/** A credentials file's entry, as far as these tests look at it. */
export interface Entry {
  readonly broker?: string;
  readonly username?: string;
  readonly name?: string;
  readonly [field: string]: unknown;
}

export const igEntry = (username: string): Entry => ({
  broker: 'ig',
  username,
  password: 'made-up-pass',
  apiKey: `made-up-key-${username}`,
});
/** Signs in by the bridge, again and again. */
export const bridgeEntry = (username: string, password = 'made-up-pass'): Entry => ({
  broker: 'tradovate',
  username,
  password,
});
/** Signs in once and renews. */
export const apiEntry = (username: string): Entry => ({
  ...bridgeEntry(username),
  login: 'api',
  api: { appId: 'made-up', appVersion: '1.0', deviceId: `device-${username}`, cid: 7, sec: 'made-up-sec' },
});
/** Only a person gets its token; the test is that person. */
export const personEntry = (name: string): Entry => ({
  broker: 'upstox',
  name,
  clientId: `client-${name}`,
  clientSecret: 'made-up-app-secret',
  redirectUri: 'https://app.example/callback',
});

export const nameOf = (entry: Entry): string => String(entry.name ?? entry.username);
export const brokerOf = (entry: Entry): string => entry.broker ?? 'tradovate';

/** By what a broker knows an account. */
export const loginOf = (entry: Entry): string =>
  brokerOf(entry) === 'upstox' ? `MU_${nameOf(entry)}` : nameOf(entry);
