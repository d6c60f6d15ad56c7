import { describe, expect, it } from 'vitest';
import { inspectConfig } from '../../../src/config/config.ts';
import { certificate, keyOf, tlsFiles } from './certificates.ts';
import { inFolder, surroundings } from './surroundings.ts';

const read = (env: Readonly<Record<string, string>>, files?: Readonly<Record<string, string>>) =>
  inspectConfig(surroundings(env, files));

const plain = { username: undefined, password: undefined, db: 0, tls: false };

describe('which Redis is filled', () => {
  it.each([
    [{ REDIS_URL: 'redis://redis.example' }, { kind: 'server', host: 'redis.example', port: 6379, ...plain }],
    [
      { REDIS_URL: 'rediss://desk:p%40ss%2Fword@redis.example:6380/3' },
      {
        kind: 'server',
        host: 'redis.example',
        port: 6380,
        username: 'desk',
        password: 'p@ss/word',
        db: 3,
        tls: {},
      },
    ],
    [
      { REDIS_URL: 'redis://:made-up@[::1]:7000/' },
      { kind: 'server', host: '::1', port: 7000, ...plain, password: 'made-up' },
    ],
    [{ REDIS_URL: 'embedded' }, { kind: 'embedded', port: undefined }],
    [
      { REDIS_URL: 'Embedded', EMBEDDED_REDIS_PORT: '6390' },
      { kind: 'embedded', port: 6390 },
    ],
    [
      { REDIS_HOST: '10.0.0.7', REDIS_PASSWORD: 'p#ss word', REDIS_DB: '2', REDIS_TLS: '1' },
      {
        kind: 'server',
        host: '10.0.0.7',
        port: 6379,
        username: undefined,
        password: 'p#ss word',
        db: 2,
        tls: {},
      },
    ],
    [
      { REDIS_SENTINELS: 's1.example:26379, s2.example,[::1]:5000', REDIS_SENTINEL_NAME: 'tokens' },
      {
        kind: 'sentinels',
        name: 'tokens',
        sentinels: [
          { host: 's1.example', port: 26379 },
          { host: 's2.example', port: 26379 },
          { host: '::1', port: 5000 },
        ],
        sentinelLogin: { username: undefined, password: undefined, tls: false },
        ...plain,
      },
    ],
    [
      {
        REDIS_SENTINELS: 's1.example',
        REDIS_SENTINEL_NAME: 'tokens',
        REDIS_TLS: '1',
        REDIS_SENTINEL_PASSWORD: 'made-up',
        REDIS_TLS_SERVER_NAME: 'redis.example',
      },
      {
        kind: 'sentinels',
        name: 'tokens',
        sentinels: [{ host: 's1.example', port: 26379 }],
        // As the rest is, where nobody says otherwise.
        sentinelLogin: { username: undefined, password: 'made-up', tls: { servername: 'redis.example' } },
        ...plain,
        tls: { servername: 'redis.example' },
      },
    ],
    [
      { REDIS_URL: 'rediss://redis.example', REDIS_TLS_CA: certificate, REDIS_TLS: '1' },
      { kind: 'server', host: 'redis.example', port: 6379, ...plain, tls: { ca: certificate } },
    ],
  ])('%j', (env, expected) => {
    expect(read(env).config?.redis).toEqual(expected);
  });

  it('must be named, and the fault names both ways', () => {
    const { faults } = read({});
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toMatch(/REDIS_URL=redis:\/\/.*REDIS_URL=embedded/);
  });

  it('must not be named twice', () => {
    const { faults } = read({ REDIS_URL: 'embedded', REDIS_HOST: 'redis.example' });
    expect(faults.map(({ at }) => at)).toEqual(['REDIS_URL and REDIS_HOST']);
  });

  it('is encrypted with what files hold', () => {
    const env = {
      REDIS_HOST: 'redis.example',
      REDIS_TLS: '1',
      REDIS_TLS_CA_FILE: 'redis-ca.pem',
      REDIS_TLS_CERT_FILE: 'redis-client.pem',
      REDIS_TLS_KEY_FILE: 'redis-client-key.pem',
    };
    expect(read(env, tlsFiles).config?.redis).toMatchObject({
      tls: { ca: certificate, cert: certificate, key: keyOf(7).trimEnd() },
    });
  });

  it('is the one the process names where ENV_FILE names another', () => {
    const files = { [inFolder('.env')]: 'REDIS_HOST=redis.example\n' };
    expect(read({ REDIS_URL: 'embedded' }, files).config?.redis.kind).toBe('embedded');
  });

  it('is not confused by the REDIS_PORT that Kubernetes sets for a service of that name', () => {
    expect(read({ REDIS_URL: 'redis://r', REDIS_PORT: 'tcp://10.0.0.1:6379' }).faults).toEqual([]);
  });

  it.each([
    [{ REDIS_URL: 'redis://:pa/MARKER@redis.example' }, 'REDIS_URL'],
    [{ REDIS_URL: 'redis://:%zzMARKER@redis.example' }, 'REDIS_URL'],
    [{ REDIS_URL: 'redis://redis.example/MARKER' }, 'REDIS_URL'],
    [{ REDIS_URL: 'redis.example:6379' }, 'REDIS_URL'],
    [{ REDIS_HOST: 'redis://MARKER@redis.example' }, 'REDIS_HOST'],
    [{ REDIS_HOST: 'r', REDIS_PORT: '0' }, 'REDIS_PORT'],
    [{ REDIS_HOST: 'r', REDIS_DB: 'one' }, 'REDIS_DB'],
    [{ REDIS_HOST: 'r', REDIS_TLS: 'MARKER' }, 'REDIS_TLS'],
    [{ REDIS_SENTINELS: 's1:99999', REDIS_SENTINEL_NAME: 'x' }, 'REDIS_SENTINELS'],
    [{ REDIS_SENTINELS: 's1' }, 'REDIS_SENTINEL_NAME'],
    [{ REDIS_URL: 'redis://redis.example', REDIS_TLS: '1' }, 'REDIS_TLS'],
    [{ REDIS_URL: 'rediss://r', REDIS_TLS_CA: 'MARKER' }, 'REDIS_TLS_CA'],
    [{ REDIS_URL: 'rediss://r', REDIS_TLS_CA: certificate.replace('MIIB', 'MARKER') }, 'REDIS_TLS_CA'],
    [{ REDIS_URL: 'rediss://r', REDIS_TLS_CERT: certificate }, 'REDIS_TLS_CERT and REDIS_TLS_KEY'],
    [{ REDIS_URL: 'rediss://r', REDIS_TLS_CERT: certificate, REDIS_TLS_KEY: 'MARKER' }, 'REDIS_TLS_KEY'],
    [{ REDIS_URL: 'rediss://r', REDIS_TLS_CERT: certificate, REDIS_TLS_KEY: keyOf(8) }, 'REDIS_TLS_KEY'],
  ])('refuses %j', (env, at) => {
    const { faults, config } = read(env);
    expect(config).toBeUndefined();
    expect(faults.map((fault) => fault.at)).toEqual([at]);
    expect(JSON.stringify(faults)).not.toContain('MARKER');
  });
});
