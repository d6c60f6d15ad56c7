import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokers } from '../../src/brokers/index.ts';
import { makeRig, subjects, type Rig } from './rig.ts';

describe('the list of brokers', () => {
  test('names each broker once', () => {
    const names = brokers.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('names each base URL setting once', () => {
    const variables = brokers.flatMap(({ baseUrls }) =>
      Object.values(baseUrls).map(({ variable }) => variable),
    );
    expect(new Set(variables).size).toBe(variables.length);
  });
});

describe.each(subjects)('%s', (name, broker) => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await makeRig(broker);
  });
  afterEach(() => rig.stop());

  test('has a dialect, with a sample whose secrets are its own', () => {
    expect(broker.dialect).toBeDefined();
    const { entry, wrong, secrets } = rig.sample;
    const values = [...Object.values(entry), ...Object.values(wrong)];
    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.filter((secret) => !values.includes(secret))).toEqual([]);
  });

  test('calls its hosts over TLS, each by a setting that can lead elsewhere', () => {
    for (const { variable, hosts } of Object.values(broker.baseUrls)) {
      expect(variable).toMatch(/^[A-Z][A-Z0-9_]*_URL$/);
      expect(Object.values(hosts).every((host) => host.startsWith('https://') && !host.endsWith('/'))).toBe(
        true,
      );
    }
  });

  test('limits environments that it has, and a whole network never by one', () => {
    const environments = Object.values(broker.baseUrls).flatMap(({ hosts }) => Object.keys(hosts));
    const variables = broker.limits.map(({ variable }) => variable);
    expect(new Set(broker.limits.map((limit) => limit.name)).size).toBe(broker.limits.length);
    for (const { environment, otherwise, per } of broker.limits) {
      if (environment === undefined) continue;
      expect(environments).toContain(environment);
      expect(per).not.toBe('egress');
      if (otherwise !== undefined) expect(variables).toContain(otherwise);
    }
  });

  test('has a policy that acts while a grant lives, with a deadline within a lease', () => {
    const { dueAtShare, jitterShare, timeoutMs } = broker.policy;
    expect(dueAtShare - jitterShare).toBeGreaterThan(0);
    expect(dueAtShare).toBeLessThanOrEqual(1);
    expect(timeoutMs).toBeLessThanOrEqual(10_000);
  });

  test('shows no secret in what a login says of itself', () => {
    const read = broker.login({ broker: name, ...rig.sample.entry });
    if ('faults' in read) throw new Error('the sample is refused');
    const { username, environment, identity } = read.login;
    expect(
      rig.sample.secrets.filter((secret) => [username, environment, identity].join().includes(secret)),
    ).toEqual([]);
    expect(read.login.credentials).toEqual(expect.arrayContaining([rig.sample.secrets[0]]));
  });

  test('has headers for a sub-account that carry the same token', async () => {
    const connection = rig.connect();
    const grant = await rig.grant(connection);
    const headers = connection.headersFor?.(grant, 'SUB01') ?? grant.headers;
    expect(Object.keys(headers).toSorted()).toEqual(Object.keys(grant.headers).toSorted());
    expect(Object.values(headers).join('\n')).toContain(grant.token);
  });
});
