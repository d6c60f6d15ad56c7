import { describe, expect, it } from 'vitest';
import { describeDeployment, faultsOf } from '../../../src/redis/deployment.ts';

/** An answer to INFO, as servers write it. */
const info = (...lines: readonly string[]): string =>
  ['# Server', 'redis_mode:standalone', 'role:master', 'cluster_enabled:0', ...lines].join('\r\n');

describe('what a server says of itself', () => {
  it('is read from INFO', () => {
    const said = info('redis_version:7.0.15', 'maxmemory_policy:allkeys-lru').replace('master', 'slave');
    expect(describeDeployment(said)).toEqual({
      version: '7.0.15',
      kind: 'server',
      isReplica: true,
      evictionPolicy: 'allkeys-lru',
    });
  });

  it('may be nothing: a proxy hides it', () => {
    const nothing = describeDeployment('');
    expect(nothing).toEqual({ kind: 'server', isReplica: false });
    expect(faultsOf(nothing)).toEqual([]);
  });

  it.each([
    ['redis_version:6.2.0', []],
    ['redis_version:10.0.1', []],
    // Valkey counts on from 7.2.4 for those who ask for Redis.
    ['redis_version:7.2.4\r\nvalkey_version:8.1.0', []],
    ['redis_version:6.0.16', ['Redis 6.0.16; 6.2 or newer']],
    ['redis_version:5.0.14', ['Redis 5.0.14; 6.2 or newer']],
  ])('%s is judged', (line, faults) => {
    const found = faultsOf(describeDeployment(info(line)));
    expect(found).toHaveLength(faults.length);
    faults.forEach((fault, i) => expect(found[i]?.message).toContain(fault));
  });

  it.each([
    ['cluster_enabled:0', 'cluster_enabled:1', 'Redis Cluster'],
    ['redis_mode:standalone', 'redis_mode:cluster', 'Redis Cluster'],
    ['redis_mode:standalone', 'redis_mode:sentinel', 'REDIS_SENTINELS'],
  ])('is refused with %s turned to %s', (plain, other, why) => {
    const [fault] = faultsOf(describeDeployment(info().replace(plain, other)));
    expect(fault?.message).toContain(why);
  });
});
