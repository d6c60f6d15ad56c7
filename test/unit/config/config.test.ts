import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { faulty, inspect, surroundings } from './surroundings.ts';

describe('readConfig', () => {
  it('needs nothing but a Redis', () => {
    const config = readConfig(surroundings({ REDIS_URL: 'embedded' }));
    expect(config).toMatchObject({
      redis: { kind: 'embedded', port: undefined },
      allowEviction: false,
      credentialsFile: '/desk/credentials.json',
      stateDir: '/desk/data',
      workerConcurrency: 10,
      tokenTtlSeconds: 3600,
      secretKeys: undefined,
      adminToken: undefined,
      http: { host: '127.0.0.1', port: 8000 },
      publicPort: undefined,
      trustProxy: false,
      allowedHosts: [],
      publicUrl: undefined,
      pageUrl: undefined,
      alerts: { discord: undefined, webhook: undefined, mail: undefined },
      alertTimes: { zone: 'UTC', morning: undefined },
      heartbeatUrl: undefined,
      egressId: 'default',
      logLevel: 'info',
      metricsAccountLabels: false,
      simulate: false,
    });
  });

  it('is frozen to its depths', () => {
    const config = readConfig(surroundings({ REDIS_URL: 'embedded' }));
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.http)).toBe(true);
    expect(Object.isFrozen(config.alerts)).toBe(true);
  });

  it('takes an empty value for none', () => {
    expect(inspect({ HTTP_PORT: '', ADMIN_TOKEN: '' }).config).toMatchObject({
      http: { port: 8000 },
      adminToken: undefined,
    });
  });

  it('ignores what it does not know', () => {
    expect(inspect({ SOMETHING_ELSE: 'x', PATH: '/bin' }).faults).toEqual([]);
  });

  it.each([
    ['WORKER_CONCURRENCY', '25', { workerConcurrency: 25 }],
    ['TOKEN_TTL_SECONDS', '60', { tokenTtlSeconds: 60 }],
    ['HTTP_PORT', '0', { http: { host: '127.0.0.1', port: 0 } }],
    ['HTTP_HOST', '::', { http: { host: '::', port: 8000 } }],
    ['PUBLIC_HTTP_PORT', '8001', { publicPort: 8001 }],
    ['PUBLIC_URL', 'https://tokens.example/desk/', { publicUrl: 'https://tokens.example/desk' }],
    ['PAGE_URL', 'https://page.example/', { pageUrl: 'https://page.example' }],
    ['ALLOWED_HOSTS', 'A.example, .b.example', { allowedHosts: ['a.example', '.b.example'] }],
    ['TRUST_PROXY', 'true', { trustProxy: true }],
    ['TRUST_PROXY', '1', { trustProxy: 1 }],
    ['TRUST_PROXY', 'loopback, 10.0.0.0/8', { trustProxy: 'loopback,10.0.0.0/8' }],
    ['ALLOW_EVICTION', '1', { allowEviction: true }],
    ['SIMULATE', 'yes', { simulate: true }],
    ['LOG_LEVEL', 'DEBUG', { logLevel: 'debug' }],
    ['METRICS_ACCOUNT_LABELS', '0', { metricsAccountLabels: false }],
    ['HEARTBEAT_URL', 'https://heartbeat.example/1?x=2', { heartbeatUrl: 'https://heartbeat.example/1?x=2' }],
    ['ALERT_ZONE', 'Asia/Kolkata', { alertTimes: { zone: 'Asia/Kolkata', morning: undefined } }],
    ['ALERT_MORNING_AT', '07:30', { alertTimes: { zone: 'UTC', morning: '07:30' } }],
    ['STATE_DIR', '/var/lib/tokens', { stateDir: '/var/lib/tokens' }],
    ['EGRESS_ID', 'ams-1', { egressId: 'ams-1' }],
  ])('reads %s=%s', (variable, value, expected) => {
    expect(inspect({ [variable]: value }).config).toMatchObject(expected);
  });

  const secret = Buffer.alloc(32, 7).toString('base64');
  it.each([
    [secret, [secret]],
    [`${secret}, ${secret.slice(0, -1)}`, [secret, secret.slice(0, -1)]],
  ])('reads a ring of sealing keys', (text, keys) => {
    expect(inspect({ SECRET_KEY: text }).config?.secretKeys).toEqual(keys);
  });

  // Every one holds the marker, so that an echo of any of them is found.
  const wrong: Readonly<Record<string, string>> = {
    WORKER_CONCURRENCY: 'MARKER1',
    TOKEN_TTL_SECONDS: '-MARKER1',
    HTTP_HOST: 'MARKER1 x',
    HTTP_PORT: 'tcp://MARKER1:80',
    PUBLIC_HTTP_PORT: '70000MARKER1',
    PUBLIC_URL: 'ftp://MARKER1',
    TRUST_PROXY: 'MARKER1/99',
    ALLOWED_HOSTS: 'MARKER1:80',
    SECRET_KEY: 'MARKER1',
    ADMIN_TOKEN: 'MARKER1 with a space',
    DISCORD_WEBHOOK_URL: 'https://discord.com/MARKER1',
    DISCORD_API_URL: 'MARKER1',
    ALERT_WEBHOOK_URL: 'MARKER1',
    SMTP_URL: 'http://MARKER1',
    ALERT_EMAIL_TO: 'MARKER1',
    HEARTBEAT_URL: 'MARKER1',
    ALERT_ZONE: 'Asia/MARKER1',
    ALERT_MORNING_AT: '24:00 MARKER1',
    EGRESS_ID: 'MARKER1 x',
    LOG_LEVEL: 'MARKER1',
    METRICS_ACCOUNT_LABELS: 'MARKER1',
    SIMULATE: 'MARKER1',
    ALLOW_EVICTION: 'MARKER1',
    REDIS_URL: 'http://:MARKER1@redis.example',
    EMBEDDED_REDIS_PORT: 'MARKER1',
  };

  it('says every fault at once and repeats no value', () => {
    expect(faulty(inspect(wrong)).toSorted()).toEqual(Object.keys(wrong).toSorted());
    const read = (): unknown => readConfig(surroundings(wrong));
    expect(read).toThrow(ConfigurationError);
    expect(read).not.toThrow(/MARKER1/i);
  });

  it('still tells where the rest is to be looked for when it has faults', () => {
    const { config, basis } = inspect({ HTTP_PORT: 'x', CREDENTIALS_FILE: 'a.json', IG_PASSWORD: 'made-up' });
    expect(config).toBeUndefined();
    expect(basis.credentialsFile).toBe('/desk/a.json');
    expect(basis.setting('IG_PASSWORD')).toBe('made-up');
  });

  it('wants a port of its own for the outside', () => {
    expect(faulty(inspect({ HTTP_PORT: '9000', PUBLIC_HTTP_PORT: '9000' }))).toEqual(['PUBLIC_HTTP_PORT']);
  });
});
