import { describe, expect, it } from 'vitest';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type ServiceBench } from '../support/service.ts';
import type { FaultRule } from '../../src/simulator/index.ts';

/** How each way to fail goes on until the token's end; the broker's words are the simulator's. */
const failures: readonly (readonly [string, Omit<FaultRule, 'broker'>])[] = [
  ['the connection breaks', { kind: 'drop' }],
  ['the broker fails', { kind: 'status', status: 500 }],
  ['the broker asks for silence', { kind: 'throttle' }],
  ['the password is refused', { kind: 'refuse' }],
];

const keys = ['token:DESK', 'auth:DESK', 'meta:DESK', 'token:DESK_SUB', 'meta:DESK_SUB'];

/** What a reader finds in one step: keys that are there, the token, its TTL and the state. */
type Look = readonly [number, string | null, number, Readonly<Record<string, string>>];

describe('a refresh that fails leaves token and TTL alone until the token’s own end, then state and event say expired', () => {
  // Side by side: what takes time here is the life of a token.
  it.concurrent.each(failures)('where %s', (_, fault) =>
    withBench(
      {
        entries: [{ username: 'DESK', password: 'made-up-pass', accounts: ['DESK_SUB'] }],
        simulator: { switches: { tradovate: { lifetimeSeconds: 10 } } },
      },
      (bench) => follow(bench, fault),
    ),
  );
});

async function follow(bench: ServiceBench, fault: Omit<FaultRule, 'broker'>): Promise<void> {
  await bench.keys(['token:DESK']);
  bench.simulator.fault({ broker: 'tradovate', ...fault });
  const token = await bench.redis.get('token:DESK');
  const expiresAt = Date.parse((await bench.redis.hget('meta:DESK', 'expiresAt')) ?? '');
  const reader = hammer(async () => {
    const read = bench.redis
      .multi()
      .exists(...keys)
      .get('token:DESK')
      .pexpiretime('token:DESK')
      .hgetall('state:DESK');
    return ((await read.exec()) ?? []).map(([, reply]) => reply) as unknown as Look;
  });
  await until(() => Date.now() > expiresAt + 3_000, { what: 'the end of the token', timeoutMs: 15_000 });
  await reader.stop();

  const looks = reader.seen.map(({ from, at, value }) => ({
    left: expiresAt - at,
    over: from - expiresAt,
    look: value,
  }));
  const alive = looks.filter(({ left }) => left > 50);
  expect(alive.filter(({ look: [there, value] }) => there !== keys.length || value !== token)).toEqual([]);
  expect(alive.filter(({ look: [, , ends] }) => Math.abs(ends - expiresAt) > 200)).toEqual([]);
  expect(looks.filter(({ over, look: [there] }) => over > 50 && there > 0)).toEqual([]);

  expect(bench.events.map(({ event }) => event)).toContain('failed');
  const isStopped = fault.kind === 'refuse';
  const [, , , state] = looks.at(-1)?.look ?? [];
  expect(state).toMatchObject({
    state: isStopped ? 'stopped' : 'expired',
    reason: expect.stringMatching(/^[a-z_]+$/),
    expiresAt: new Date(expiresAt).toISOString(),
  });
  expect(bench.events.filter(({ event }) => event === 'expired')).toEqual([
    {
      event: 'expired',
      username: 'DESK',
      names: ['DESK', 'DESK_SUB'],
      generation: bench.events.find(({ event }) => event === 'refreshed')?.['generation'],
      expiresAt: new Date(expiresAt).toISOString(),
    },
  ]);
}
