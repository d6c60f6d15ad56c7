import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sdk from 'upstox-js-sdk';
import { describe, it } from 'vitest';
import { called, field, upstoxClient } from '../contract/clients/upstox-client.ts';
import { withApproval } from '../support/approval.ts';
import { until } from '../support/poll.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

/**
 * Clients that others wrote, with nothing but what the running service published in Redis: where a client
 * takes a token from outside, a bot that uses it works.
 */
const CLIENTS = join(import.meta.dirname, '../contract/clients');
const DEADLINE_MS = 20_000;
const run = promisify(execFile);

const apiKey = 'made-up-demo-key';
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass', apiKey };
const tradovate = { username: 'TV', password: 'made-up-pass' };

/** A bot's own reading of Redis. */
async function published({ redis }: ServiceBench, name: string): Promise<Readonly<Record<string, string>>> {
  const [token, meta] = await Promise.all([redis.get(`token:${name}`), redis.hgetall(`meta:${name}`)]);
  return { ...meta, token: token ?? '' };
}

/** Every line of JSON that a client's program printed, in a process of its own. */
async function client(program: string, given: object): Promise<readonly unknown[]> {
  const { stdout } = await run(process.execPath, [join(CLIENTS, program), JSON.stringify(given)], {
    timeout: DEADLINE_MS,
    // Nothing of the surroundings: it would go through a proxy that it finds there.
    env: {},
    killSignal: 'SIGKILL',
  });
  const lines = stdout.split('\n').filter((line) => /^\[?\{/.test(line));
  return lines.map((line) => JSON.parse(line) as unknown);
}

const never = { username: 'nobody', password: 'never sent', apiKey };

describe.concurrent('with what the service published', () => {
  it("Upstox' own client reads the profile", ({ expect }) =>
    withApproval({}, async (bench) => {
      await until(async () => (await bench.redis.hget('state:UP', 'reason')) === 'asked', {
        what: 'the person to be asked',
      });
      bench.person('approve');
      await bench.keys(['token:UP']);
      const { token, userId } = await published(bench, 'UP');
      const api = new sdk.UserApi(upstoxClient(`${bench.simulator.url}/upstox`, token));
      const { data } = await called((done) => api.getProfile('2.0', done));
      expect(field(field(data, 'data'), 'userId')).toBe(userId);
    }));

  it('npm ig-trading-api works, by access token, by header pair and by streaming pair', ({ expect }) =>
    withBench(
      {
        entries: [
          { ...ig, streaming: true },
          { ...ig, username: 'PAIR', session: 'v2' },
        ],
      },
      async (bench) => {
        await bench.keys(['token:IG', 'token:PAIR']);
        const url = bench.simulator.setting('IG_API_URL');
        const [access, pair] = await Promise.all([published(bench, 'IG'), published(bench, 'PAIR')]);
        const streaming = JSON.parse(access['streaming'] ?? '') as Record<string, string>;
        const headers = JSON.parse(pair['headers'] ?? '') as Record<string, string>;
        const sessionWith = async (auth: object): Promise<unknown> =>
          (await client('ig-trading-api-client.ts', { url, ...never, steps: ['session'], auth }))[0];
        expect(
          await sessionWith({ accessToken: access['token'], accountId: access['accountId'] }),
        ).toMatchObject({ result: { accountId: access['accountId'], clientId: access['userId'] } });
        expect(
          await sessionWith({
            clientSessionToken: pair['token'],
            securityToken: headers['X-SECURITY-TOKEN'],
          }),
        ).toMatchObject({ result: { accountId: pair['accountId'], clientId: pair['userId'] } });
        expect(
          await sessionWith({
            clientSessionToken: streaming['CST'],
            securityToken: streaming['X-SECURITY-TOKEN'],
          }),
        ).toMatchObject({ result: { accountId: streaming['accountId'] } });
      },
    ));

  it('npm ig-api works, by header pair', ({ expect }) =>
    withBench({ entries: [{ ...ig, session: 'v2' }] }, async (bench) => {
      await bench.keys(['token:IG']);
      const { token, headers, accountId, userId } = await published(bench, 'IG');
      const pair = JSON.parse(headers ?? '') as Record<string, string>;
      const [said] = await client('ig-api-client.ts', {
        ...{ url: bench.simulator.setting('IG_API_URL'), ...never, steps: ['session', 'accounts'] },
        tokens: { CST: token, 'X-SECURITY-TOKEN': pair['X-SECURITY-TOKEN'] },
      });
      expect(said).toMatchObject({ results: [{ accountId, clientId: userId }, { accounts: [{}, {}, {}] }] });
    }));

  it('npm tradovate lists the accounts', ({ expect }) =>
    withBench({ entries: [tradovate] }, async (bench) => {
      await bench.keys(['token:TV']);
      const { token, expiresAt, userId } = await published(bench, 'TV');
      const body = { name: 'nobody', password: 'never sent', appId: 'Desk', appVersion: '1.0' };
      const [said] = await client('tradovate-client.ts', {
        url: bench.simulator.setting('TRADOVATE_API_URL'),
        body: { ...body, deviceId: 'made-up-device', cid: '1', sec: 'never sent' },
        steps: ['list'],
        stored: { accessToken: token, expirationTime: expiresAt },
      });
      expect(said).toMatchObject([{ result: [{ userId: Number(userId) }, {}, {}], stored: token }]);
    }));
});
