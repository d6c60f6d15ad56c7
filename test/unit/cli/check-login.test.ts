import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { FirstLogin } from '../../../src/app/first-login.ts';
import { checkLogin, type CheckLoginParts } from '../../../src/cli/check-login.ts';
import { readConfig } from '../../../src/config/config.ts';
import type { Account } from '../../../src/core/account.ts';
import type { Http } from '../../../src/core/broker.ts';
import { BrokerError, ConfigurationError } from '../../../src/core/errors.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';
import { alpha } from '../accounts/fakes.ts';
import { surroundings } from '../config/surroundings.ts';

afterAll(removeFolders);

const NOW = Date.UTC(2026, 10, 21, 12);
const never = (): never => {
  throw new Error('nobody is asked');
};
const account: Account = {
  name: 'desk.one',
  broker: 'alpha',
  environment: 'demo',
  username: 'mylogin',
  enabled: true,
  subAccounts: ['subaccount'],
  ttlSeconds: undefined,
  discoverAccounts: false,
  hours: undefined,
  verify: false,
  identity: 'alpha/demo/mylogin',
  credentials: ['mylogin', 'mypassword', 'demo', 'v3'],
  key: 'myapikey',
  connection: {},
};

const parts = (signIn: FirstLogin, reportPath?: string): CheckLoginParts & { readonly said: string[] } => {
  const said: string[] = [];
  return {
    config: readConfig(surroundings({ REDIS_URL: 'embedded' })),
    account,
    broker: alpha,
    version: '1.2.3',
    reportPath,
    signIn,
    person: { show: never, refuse: never, lines: never },
    say: (line) => void said.push(line),
    clock: { now: () => NOW },
    signal: new AbortController().signal,
    said,
  };
};

const call = { signal: new AbortController().signal };
const body = { mypassword: 1, myapikey: 1, subaccount: 1, demo: 1, note: 'mypassword' };
const answering: Http = () =>
  Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(body), json: body });

/** A login that makes one call, at an address with ids in it. */
const oneCall: FirstLogin = async ({ transcript }) => {
  const http = transcript.wrap(answering);
  await http({ method: 'GET', url: 'https://broker.example/v3/users/mylogin/demo' }, call);
  return { outcome: 'signed-in', message: 'desk.one is logged in.', expiresAt: NOW + 60_000 };
};

describe('check --login', () => {
  it('says every call, and writes a report without a value or a name of the account', async () => {
    const path = join(await freshFolder(), 'report.md');
    const checking = parts(oneCall, path);
    const { login, report } = await checkLogin(checking);
    expect(login.outcome).toBe('signed-in');
    expect(checking.said).toEqual([
      'Logging desk.one in at Alpha (demo), once.',
      '  GET /v3/users/{id}/demo: HTTP 200, json, 0 ms',
      `Report: ${path}`,
    ]);
    expect(report.calls[0]?.fields).toEqual({
      '{id}': { type: 'number' },
      demo: { type: 'number' },
      note: { type: 'string', length: 10 },
    });
    expect(await readFile(path, 'utf8')).not.toMatch(/mylogin|mypassword|myapikey|subaccount|desk\.one/);
  });

  it('writes a report of what failed, too', async () => {
    const path = join(await freshFolder(), 'report.md');
    const checking = parts(async ({ transcript }) => {
      const error = new BrokerError('Late.', { kind: 'outcome-unknown', code: 'timeout' });
      const http = transcript.wrap(() => Promise.reject(error));
      await http({ method: 'POST', url: 'https://broker.example/session' }, call).catch(() => undefined);
      return { outcome: 'failed', code: 'timeout', message: 'Late.' };
    }, path);
    expect((await checkLogin(checking)).login.message).toBe('Late.');
    expect(checking.said[1]).toBe('  POST /session: no answer (timeout), 0 ms');
    expect(await readFile(path, 'utf8')).toContain('Outcome: failed (`timeout`).');
  });

  it('makes no login where its report could not be written', async () => {
    const checking = parts(() => Promise.reject(new Error('a login was made')), '/nowhere/report.md');
    await expect(checkLogin(checking)).rejects.toBeInstanceOf(ConfigurationError);
  });

  it('needs no report', async () => {
    const checking = parts(oneCall);
    await checkLogin(checking);
    expect(checking.said.filter((line) => line.startsWith('Report'))).toEqual([]);
  });
});
