import { expect, it } from 'vitest';
import { warningsOf } from '../../../src/cli/warnings.ts';
import { readConfig } from '../../../src/config/index.ts';
import type { Account } from '../../../src/core/account.ts';

const account = (name: string, request: boolean): Account => ({
  name,
  broker: 'alpha',
  environment: 'live',
  username: name,
  enabled: true,
  subAccounts: [],
  ttlSeconds: undefined,
  discoverAccounts: false,
  hours: undefined,
  verify: true,
  identity: `alpha/${name}`,
  credentials: [],
  key: undefined,
  connection: {
    consent: {
      url: () => '',
      redirectUri: '',
      receive: () => Promise.reject(new Error('not asked for')),
      askAt: (now) => now,
      deadline: (now) => now,
      ...(request && { request: () => Promise.reject(new Error('not asked for')) }),
    },
  },
});

it('what a broker finds odd about an entry that is served', () => {
  const config = readConfig({
    env: { ENV_FILE: '', REDIS_URL: 'embedded' },
    folder: '/nowhere',
    readText: () => '',
  });
  const odd = { ...account('ONE', false), warnings: ['its password may be sent in another way'] };
  const accounts = [odd, { ...odd, name: 'TWO', enabled: false }];
  const said = warningsOf({ config, accounts, exposed: [] });
  expect(said.filter((each) => each.includes('password'))).toEqual([
    'ONE: its password may be sent in another way',
  ]);
});

const warned = (env: Readonly<Record<string, string>>, request = true): readonly string[] =>
  warningsOf({
    config: readConfig({
      env: { ENV_FILE: '', REDIS_URL: 'embedded', ...env },
      folder: '/nowhere',
      readText: () => '',
    }),
    accounts: [account('ONE', request)],
    exposed: [],
  }).filter((each) => each.includes('https://'));

it.each([
  ['no PUBLIC_URL', {}, 1],
  ['one without TLS', { PUBLIC_URL: 'http://tokens.example' }, 1],
  ['one with it', { PUBLIC_URL: 'https://tokens.example' }, 0],
  ['simulated brokers', { SIMULATE: '1' }, 0],
])('approvals that are posted to %s', (_, env, warnings) => {
  expect(warned(env)).toHaveLength(warnings);
  expect(warned(env, false)).toEqual([]);
});

it.each([
  ['one listener', {}, 0],
  ['one for the outside', { PUBLIC_HTTP_PORT: '8001' }, 1],
  ['one, and where the page is', { PUBLIC_HTTP_PORT: '8001', PAGE_URL: 'https://page.example' }, 0],
] as const)('links in alerts to a page that is not there: %s', (_what, env, count) => {
  const set = { ENV_FILE: '', REDIS_URL: 'embedded', ALERT_WEBHOOK_URL: 'https://hear.example', ...env };
  const config = readConfig({ env: set, folder: '/nowhere', readText: () => '' });
  const said = warningsOf({ config, accounts: [], exposed: [] });
  expect(said.filter((each) => each.includes('PAGE_URL'))).toHaveLength(count);
});
