import { Redis } from 'ioredis';
import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { freePort } from '../../support/redis.ts';
import { hasServer } from '../../support/redis-process.ts';
import type { ServiceBench } from '../../support/service.ts';
import {
  hasOpenssl,
  makeCertificates,
  startEncrypted,
  startTerminated,
  type EncryptedNode,
} from '../../support/tls.ts';
import { begin, DESK, during, IG, isReady, logins, served } from './deployed.ts';

const made =
  hasServer() && (await hasOpenssl())
    ? await makeCertificates(['IP:127.0.0.1', 'DNS:localhost', 'DNS:redis.test'])
    : undefined;

/** The service with these settings; the test itself goes the plain way. */
const over = (
  { node }: EncryptedNode,
  env: Readonly<Record<string, string>>,
  work: (bench: ServiceBench) => Promise<void>,
): Promise<void> =>
  served({ redisUrl: node.url, connect: () => new Redis(node.url), env, entries: [DESK, IG] }, work);

if (made) {
  const { ca, client } = made;
  const trusting = { REDIS_TLS_CA_FILE: ca };
  const shown = { REDIS_TLS_CERT_FILE: client.cert, REDIS_TLS_KEY_FILE: client.key };

  describe.concurrent('over TLS', () => {
    it.each<[string, (port: number) => Readonly<Record<string, string>>]>([
      ['REDIS_URL=rediss://', (port) => ({ REDIS_URL: `rediss://localhost:${port}/1` })],
      ['an address', (port) => ({ REDIS_URL: `rediss://127.0.0.1:${port}/1` })],
      [
        'REDIS_TLS, and a name that is not the one it is called by',
        (port) => ({
          REDIS_URL: '',
          REDIS_HOST: '127.0.0.1',
          REDIS_PORT: String(port),
          REDIS_DB: '1',
          REDIS_TLS: '1',
          REDIS_TLS_SERVER_NAME: 'redis.test',
        }),
      ],
    ])('it serves, jobs included: %s', (_, settings) =>
      during(
        () => startEncrypted(made, 'no'),
        (at) =>
          over(at, { ...trusting, ...settings(at.port) }, async (bench) => {
            await bench.redis.select(1);
            await bench.keys(['token:DESK', 'token:IG']);
            await until(() => isReady(bench), { what: 'to be ready' });
          }),
      ),
    );

    it('that ends before Redis, it serves, and finds its way back after a cut', ({ expect }) =>
      during(
        async () => startTerminated(made, await freePort(), 'yes'),
        (at) =>
          over(at, { ...trusting, ...shown, REDIS_URL: `rediss://127.0.0.1:${at.port}` }, async (bench) => {
            await bench.keys(['token:DESK', 'token:IG']);
            await at.node.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
            await until(() => isReady(bench), { what: 'to be ready' });
            expect(logins(bench)).toBe(1);
          }),
      ));

    it.for<[string, Readonly<Record<string, string>>, 'yes' | 'no', RegExp]>([
      ['an authority it does not know', {}, 'no', /self-signed certificate/],
      ['another name', { ...trusting, REDIS_TLS_SERVER_NAME: 'other.test' }, 'no', /does not match/],
      [
        'a server that wants to see a certificate',
        trusting,
        'yes',
        /certificate required|closed|EPIPE|ECONNRESET/i,
      ],
    ])('it writes nothing to %s, says so, and waits', ([, env, clients, why], { expect }) =>
      during(
        () => startEncrypted(made, clients),
        ({ node, port }) =>
          during(
            () => begin({ ...env, REDIS_URL: `rediss://127.0.0.1:${port}` }),
            async ({ said }) => {
              const { error } = await said('redis.error');
              expect(String(error)).toMatch(why);
              expect(await node.admin.dbsize()).toBe(0);
            },
          ),
      ),
    );
  });
} else {
  it.skip('over TLS: needs openssl and a redis-server of this machine', () => undefined);
}
