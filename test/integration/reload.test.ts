import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { askForReload, readReloadAnswers } from '../../src/redis/reload.ts';
import { until } from '../support/poll.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const entry = (username: string, more: object = {}): object => ({
  username,
  password: 'made-up-pass',
  ...more,
});
const reloads = (bench: ServiceBench): number => bench.logged('accounts.reloaded').length;
const ask = async (bench: ServiceBench, acceptRemovals: boolean) => {
  const id = `made-up-${acceptRemovals}-${bench.log.length}`;
  await askForReload(bench.redis, { id, acceptRemovals });
  return until(async () => (await readReloadAnswers(bench.redis, id))[0], { what: 'the answer' });
};

describe.concurrent('a changed credentials file', () => {
  it('starts what it adds; what it removes is renewed no more, its keys run out, its state is kept', ({
    expect,
  }) =>
    withBench(
      {
        entries: [entry('A'), entry('B', { ttlSeconds: 4, accounts: ['B_SUB'] })],
        simulator: { switches: { tradovate: { lifetimeSeconds: 12 } } },
      },
      async (bench) => {
        await bench.keys(['token:A', 'token:B']);
        await bench.writeCredentials([entry('A'), entry('C')]);
        await bench.keys(['token:C', 'auth:C', 'meta:C', 'state:C']);
        const removed = bench.events.filter(({ event }) => event === 'removed');
        expect(removed).toEqual([expect.objectContaining({ username: 'B', names: ['B', 'B_SUB'] })]);
        expect(await bench.redis.exists('token:B', 'meta:B_SUB')).toBe(2);
        const left = await bench.redis.pttl('token:B');
        expect(left).toBeLessThanOrEqual(4_000);
        await until(
          async () =>
            (await bench.redis.exists('token:B', 'auth:B', 'meta:B', 'token:B_SUB', 'meta:B_SUB')) === 0,
          { what: 'the keys of B to run out', timeoutMs: left + 500 },
        );
        expect(await bench.redis.exists('state:B', 'state:B_SUB')).toBe(2);
        // Well past the time at which it would have been renewed.
        await bench.simulator.waitForCalls({ username: 'A' }, 2, 15_000);
        expect(bench.simulator.calls({ username: 'B' })).toHaveLength(1);
        expect(await bench.redis.zscore('refresher:due:tradovate', 'B')).toBeNull();
        expect(await bench.redis.hexists('refresher:roster', 'B')).toBe(0);
      },
    ));

  it('that removes an account in the midst of its login leaves nothing that lives on', ({ expect }) =>
    withBench(
      { entries: [entry('A')], simulator: { switches: { tradovate: { latencyMs: 200 } } } },
      async (bench) => {
        await bench.keys(['token:A']);
        bench.simulator.setSwitch('tradovate', 'latencyMs', 5_000);
        await bench.writeCredentials([entry('A'), entry('B', { ttlSeconds: 2 })]);
        await bench.simulator.waitForCalls({ username: 'B' }, 1, 6_000);
        await bench.writeCredentials([entry('A')]);
        await until(() => bench.events.some(({ event }) => event === 'removed'), { what: 'the removal' });
        await until(() => bench.simulator.inFlight('tradovate') === 0, { what: 'the end of the login' });
        await until(async () => (await bench.redis.exists('refresher:lease:B')) === 0, {
          what: 'its lease to end',
        });
        await until(async () => (await bench.redis.exists('token:B', 'auth:B', 'meta:B')) === 0, {
          what: 'what it published to run out',
          timeoutMs: 6_000,
        });
        await until(async () => (await bench.redis.zscore('refresher:due:tradovate', 'B')) === null, {
          what: 'no next action',
          timeoutMs: 3_000,
        });
        expect(await bench.redis.ttl('state:B')).not.toBe(-1);
      },
    ));

  it('that adds an account again which it removed: its live token is served on, without a login', ({
    expect,
  }) =>
    withBench({ entries: [entry('A'), entry('B', { ttlSeconds: 4 })] }, async (bench) => {
      await bench.keys(['token:A', 'token:B']);
      await bench.writeCredentials([entry('A')]);
      await until(() => reloads(bench) === 1, { what: 'the removal' });
      await bench.writeCredentials([entry('A'), entry('B', { ttlSeconds: 4 })]);
      await until(() => reloads(bench) === 2, { what: 'the return' });
      await until(async () => (await bench.redis.ttl('state:B')) === -1, { what: 'a state without an end' });
      await bench.state('B', 'fresh');
      const until_ = Date.now() + 6_000;
      while (Date.now() < until_) {
        expect(await bench.redis.exists('token:B', 'auth:B', 'meta:B')).toBe(3);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(bench.simulator.calls({ username: 'B' })).toHaveLength(1);
    }));

  it('that gives a name to another broker: its token is that broker’s, and the first is not called again', ({
    expect,
  }) =>
    withBench({ entries: [entry('A'), entry('B')] }, async (bench) => {
      await bench.keys(['token:A', 'token:B']);
      const token = await bench.redis.get('token:B');
      await bench.writeCredentials([entry('A'), entry('B', { broker: 'ig', apiKey: 'made-up-key' })]);
      await bench.simulator.waitForCalls({ operation: 'login', username: 'B' }, 1, 6_000);
      await until(async () => (await bench.redis.get('token:B')) !== token, { what: 'the new token' });
      expect(await bench.redis.hgetall('meta:B')).toMatchObject({ broker: 'ig', username: 'B' });
      expect(await bench.redis.get('auth:B')).toBe(await bench.redis.get('token:B'));
      // When the time of the first broker's refresh comes: nobody's any more.
      await bench.redis.zadd('refresher:due:tradovate', 'XX', Date.now(), 'B');
      await until(async () => (await bench.redis.zscore('refresher:due:tradovate', 'B')) === null, {
        what: 'no next action at the first broker',
        timeoutMs: 15_000,
      });
      expect(bench.simulator.calls({ broker: 'tradovate', username: 'B' })).toHaveLength(1);
      expect(await bench.redis.zscore('refresher:due:ig', 'B')).not.toBeNull();
    }));

  it('that switches an account off in the midst of its login: the state says so soon after', ({ expect }) =>
    withBench({ entries: [entry('A')] }, async (bench) => {
      await bench.keys(['token:A']);
      bench.simulator.setSwitch('tradovate', 'latencyMs', 5_000);
      await bench.writeCredentials([entry('A'), entry('B')]);
      await bench.simulator.waitForCalls({ username: 'B' }, 1, 6_000);
      await bench.writeCredentials([entry('A'), entry('B', { enabled: false })]);
      await until(() => reloads(bench) === 2, { what: 'the reload' });
      await until(() => bench.simulator.inFlight('tradovate') === 0, { what: 'the end of the login' });
      await bench.state('B', 'disabled', 12_000);
      expect(bench.simulator.calls({ username: 'B' })).toHaveLength(1);
    }));

  it.each([
    ['is no JSON', '[{"username": "A", "password": "made-up-broken-secret"'],
    ['has a fault', JSON.stringify([{ username: 'A', passwort: 'made-up-broken-secret' }])],
    ['names nobody', '[]'],
    ['is empty', ''],
  ])('that %s is refused with the old one in force, and said once, without its content', (_, text) =>
    withBench({ entries: [entry('A')] }, async (bench) => {
      await bench.keys(['token:A']);
      await bench.writeCredentials(text);
      await until(() => bench.logged('accounts.refused').length > 0, { what: 'the refusal' });
      const answer = await ask(bench, false);
      if (answer.done) throw new Error('a bad file was taken up');
      await bench.writeCredentials(text);
      await bench.redis.hset(
        'refresher:account:A',
        'request',
        JSON.stringify({ at: Date.now(), rearm: false }),
      );
      await bench.redis.zadd('refresher:due:tradovate', Date.now(), 'A');
      await bench.simulator.waitForCalls({ username: 'A' }, 2, 5_000);
      if (bench.logged('accounts.refused').length !== 1) throw new Error('it was said more than once');
      if (JSON.stringify(bench.log).includes('broken-secret')) throw new Error('the log shows the file');
      await bench.writeCredentials([entry('A'), entry('B')]);
      await bench.keys(['token:B']);
    }),
  );

  it('is taken up once it has stood for two seconds, not earlier', ({ expect }) =>
    withBench({ entries: [entry('A')] }, async (bench) => {
      await bench.keys(['token:A']);
      // An editor that saves five times in four seconds, a half-written file among them.
      let writtenAt = 0;
      for (const content of [
        [entry('A'), entry('X1')],
        '[{"user',
        [entry('A'), entry('X2')],
        [entry('X3')],
        [entry('A'), entry('B')],
      ]) {
        await bench.writeCredentials(content);
        writtenAt = Date.now();
        await new Promise((resolve) => setTimeout(resolve, 900));
      }
      expect(reloads(bench)).toBe(0);
      await bench.keys(['token:B']);
      expect(Date.now() - writtenAt).toBeGreaterThanOrEqual(2_000);
      expect(Date.now() - writtenAt).toBeLessThan(4_500);
      expect(bench.logged('accounts.refused')).toEqual([]);
      expect(reloads(bench)).toBe(1);
      expect(bench.simulator.calls().map((call) => call.username)).toEqual(['A', 'B']);
    }));

  it('that is renamed into place, or taken away for a moment, is seen', ({ expect }) =>
    withBench({ entries: [entry('A')] }, async (bench) => {
      await bench.keys(['token:A']);
      const file = join(bench.folder, 'credentials.json');
      await writeFile(`${file}.new`, JSON.stringify([entry('A'), entry('B')]));
      await rename(`${file}.new`, file);
      await bench.keys(['token:B']);
      await rename(file, `${file}.old`);
      await until(() => bench.logged('accounts.refused').length === 1, { what: 'the refusal' });
      await rename(`${file}.old`, file);
      await writeFile(`${file}.new`, JSON.stringify([entry('A'), entry('B'), entry('C')]));
      await rename(`${file}.new`, file);
      await bench.keys(['token:C']);
      expect(bench.events.filter(({ event }) => event === 'removed')).toEqual([]);
    }));

  it('that drops two or more accounts and over a quarter waits for reload --accept-removals', ({ expect }) =>
    withBench({ entries: ['A', 'B', 'C', 'D'].map((name) => entry(name)) }, async (bench) => {
      await bench.keys(['token:A', 'token:B', 'token:C', 'token:D']);
      await bench.writeCredentials([entry('A'), entry('B'), entry('NEW')]);
      await until(() => bench.logged('accounts.held').length > 0, { what: 'the guard' });
      expect(await ask(bench, false)).toMatchObject({ done: false });
      expect(bench.events.filter(({ event }) => event === 'removed')).toEqual([]);
      expect(await bench.redis.exists('token:NEW')).toBe(0);
      expect(await ask(bench, true)).toMatchObject({ done: true });
      await bench.keys(['token:NEW']);
      const removed = bench.events.filter(({ event }) => event === 'removed').map(({ username }) => username);
      expect(removed.toSorted()).toEqual(['C', 'D']);
      expect(bench.logged('accounts.held')).toHaveLength(1);
    }));

  it('that drops one account, or a quarter of many, does not wait', ({ expect }) => {
    const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
    return withBench({ entries: names.map((name) => entry(name)) }, async (bench) => {
      await bench.keys(names.map((name) => `token:${name}`));
      await bench.writeCredentials(names.slice(2).map((name) => entry(name)));
      await until(() => reloads(bench) === 1, { what: 'the reload' });
      expect(bench.events.filter(({ event }) => event === 'removed')).toHaveLength(2);
      expect(bench.logged('accounts.held')).toEqual([]);
    });
  });
});
