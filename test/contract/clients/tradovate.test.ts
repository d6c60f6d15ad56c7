import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { tradovate } from '../../../src/brokers/tradovate/index.ts';
import { offered, makeRig, unhurried, type Rig } from '../rig.ts';

/**
 * npm `tradovate` 1.0.3 (github cgilly2fast/tradovate-typescript) against our simulator: its own login,
 * penalty, renewal and account list; and with a token that our adapter got.
 *
 * Known faults of the client, so that nobody looks for them here:
 * - `connect` reads the demo account list afterwards, and throws where it is empty.
 * - A renewal does nothing while more than ten minutes are left: the tests issue tokens of five.
 * - Its store is one for the process, and it prints the renewed token: each test is a process of its own.
 * - The repeat of a renewal after a penalty leaves the ticket out and stores nothing.
 * - The repeat of a login after a penalty forgets `live`: demo only here.
 * - An HTTP status stands in a message only; there is no timeout: the process has one.
 */
const DEADLINE_MS = 10_000;

const body = {
  name: 'USER_000000',
  password: 'made-up & + % # = @ / secret',
  appId: 'Desk',
  appVersion: '1.0',
  deviceId: 'made-up-device',
  cid: '1234',
  sec: 'made-up-sec',
};
const { name: username, password, ...api } = body;
const entry = { username, password, login: 'api', api };

const results = z.array(
  z.object({
    result: z.union([
      z.object({ failed: z.string() }),
      z.object({ accessToken: z.string(), expirationTime: z.string() }),
      z.array(z.object({ name: z.string(), userId: z.number() })),
      z.object({ name: z.string(), userId: z.number(), emailVerified: z.boolean() }),
    ]),
    stored: z.string(),
  }),
);
const run = promisify(execFile);
const require = createRequire(import.meta.url);

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig(tradovate);
  set('lifetimeSeconds', 300);
});
afterEach(() => rig.stop());

const set = (name: string, value: unknown): void => rig.simulator.setSwitch('tradovate', name, value);
const operations = (): readonly string[] => rig.simulator.calls().map(({ operation }) => operation);

/** What came of each step, as the client says it. */
async function client(given: object): Promise<z.output<typeof results>> {
  const url = rig.simulator.setting('TRADOVATE_API_URL');
  const argument = JSON.stringify({ url, body, ...given });
  const { stdout } = await run(
    process.execPath,
    [join(import.meta.dirname, 'tradovate-client.ts'), argument],
    {
      timeout: DEADLINE_MS,
      // Nothing of the surroundings: it would go through a proxy that it finds there.
      env: {},
      killSignal: 'SIGKILL',
    },
  );
  return results.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
}

describe('npm tradovate', () => {
  test('logs in, renews and reads the account list', async () => {
    const [login, renewal, list] = await client({ steps: ['connect', 'renew', 'list'] });
    expect(login?.result).toMatchObject({ accessToken: login?.stored });
    expect(renewal?.result).toMatchObject({ accessToken: renewal?.stored });
    expect(renewal?.stored).not.toBe(login?.stored);
    expect(list?.result).toHaveLength(3);
    expect(operations()).toEqual(['access-token-request', 'account-list', 'renew', 'account-list']);
  });

  test('reads whose token it is, and logs in no second time while the token lives', async () => {
    set('lifetimeSeconds', 4_800);
    const [login, me, again] = await client({ steps: ['connect', 'me', 'connect'] });
    expect(me?.result).toMatchObject({ name: username, emailVerified: true });
    expect(again?.result).toMatchObject({ accessToken: login?.stored });
    expect(operations()).toEqual(['access-token-request', 'account-list', 'me']);
  });

  test('finds no token to renew once its session is closed, and none to read with', async () => {
    const grant = await rig.grant(rig.connect(entry));
    const stored = { accessToken: grant.token, expirationTime: new Date(grant.expiresAt).toISOString() };
    rig.simulator.command('tradovate', 'expire-all');
    const [renewal, me] = await client({ steps: ['renew', 'me'], stored });
    expect(renewal?.result).toEqual({ failed: expect.stringMatching(/No active token to renew.*401/) });
    expect(me?.result).toEqual({ failed: expect.stringContaining('401') });
  });

  test('stops a renewal at a captcha', async () => {
    const grant = await rig.grant(rig.connect(entry));
    const stored = { accessToken: grant.token, expirationTime: new Date(grant.expiresAt).toISOString() };
    rig.simulator.command('tradovate', 'captcha');
    const [renewal] = await client({ steps: ['renew'], stored });
    expect(renewal?.result).toEqual({ failed: expect.stringContaining('Captcha present') });
    expect(operations()).toEqual(['access-token-request', 'renew']);
  });

  test('has no call of the authentication that is not made here', () => {
    const types = require.resolve('tradovate/dist/types/index.js').replace(/[.]js$/, '.d.ts');
    const named = new Set(readFileSync(types, 'utf8').match(/(?<=')auth\/\w+(?=')/g));
    // An app of a vendor's own logs others in by OAuth; nothing of it is served or simulated.
    const leftOut = ['auth/oauthtoken'];
    expect([...named].toSorted()).toEqual(
      ['auth/accesstokenrequest', 'auth/me', 'auth/renewaccesstoken', ...leftOut].toSorted(),
    );
  });

  test('throws the text of a wrong password', async () => {
    const [login] = await client({ steps: ['connect'], body: { ...body, password: 'made-up wrong' } });
    expect(login?.result).toEqual({ failed: expect.stringContaining('Incorrect username or password') });
    expect(operations()).toEqual(['access-token-request']);
  });

  test('answers a penalty of a login with its ticket, after the wait', async () => {
    set('penaltySeconds', 1);
    rig.simulator.command('tradovate', 'fail-logins');
    const [login] = await client({ steps: ['connect'] });
    expect(login?.result).toMatchObject({ accessToken: login?.stored });
    expect(operations()).toEqual(['access-token-request', 'access-token-request', 'account-list']);
  });

  test('stops at a captcha', async () => {
    rig.simulator.command('tradovate', 'captcha');
    const [login] = await client({ steps: ['connect'] });
    expect(login?.result).toEqual({ failed: expect.stringContaining('Captcha present') });
    expect(operations()).toEqual(['access-token-request']);
  });

  test('renews nothing while more than ten minutes are left', async () => {
    set('lifetimeSeconds', 4_800);
    const [login, renewal] = await client({ steps: ['connect', 'renew'] });
    expect(renewal?.stored).toBe(login?.stored);
    expect(operations()).not.toContain('renew');
  });

  test('repeats a renewal after a penalty without its ticket, and stores nothing', async () => {
    set('penaltySeconds', 1);
    set('limits.renew', 0);
    const [login, renewal] = await client({ steps: ['connect', 'renew'] });
    expect(renewal?.result).toHaveProperty('accessToken');
    expect(renewal?.result).not.toMatchObject({ accessToken: login?.stored });
    expect(renewal?.stored).toBe(login?.stored);
    expect(operations().filter((operation) => operation === 'renew')).toHaveLength(2);
  });
});

describe('with a token that our adapter got, npm tradovate', () => {
  test.each([
    ['by the API', entry],
    ['by the bridge', { username, password }],
  ])('works, and renews it: %s', async (_, by) => {
    const grant = await rig.grant(rig.connect(by));
    const stored = { accessToken: grant.token, expirationTime: new Date(grant.expiresAt).toISOString() };
    const [me, list, renewal] = await client({ steps: ['me', 'list', 'renew'], stored });
    expect(me?.result).toMatchObject({ userId: Number(grant.owner) });
    expect(list?.result).toHaveLength(3);
    expect(renewal?.stored).not.toBe(grant.token);
    // The other way round: what the client renewed is the same user's at our adapter.
    const adopted = offered(
      offered(rig.connect(entry).adopt)(renewal?.stored ?? '', rig.simulator.clock.now()),
    );
    expect(adopted.owner).toBe(grant.owner);
    expect(await offered(rig.connect(entry).probe)(adopted, unhurried())).toBe('alive');
  });

  test('finds the names that our adapter discovers', async () => {
    const connection = rig.connect(entry);
    const grant = await rig.grant(connection);
    const stored = { accessToken: grant.token, expirationTime: new Date(grant.expiresAt).toISOString() };
    const [list] = await client({ steps: ['list'], stored });
    const names = await offered(connection.discover)(grant, unhurried());
    expect(list?.result).toMatchObject(names.map((name) => ({ name })));
  });
});
