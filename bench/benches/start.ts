import type { Bench, Figure, Scope } from '../bench.ts';
import { usersOf, type Task } from '../contestants/contestant.ts';
import { startService, type ServiceProgram } from '../contestants/service.ts';
import { until } from '../ground/programs.ts';
import { allPublished, check, holdsTheLatest } from './checks.ts';
import { figureOf } from './rounds.ts';

const LATENCY_MS = 100;
const AT_ONCE = 10;

const taskOf = (count: number, concurrency = AT_ONCE): Task => ({
  way: 'login',
  users: usersOf(count),
  concurrency,
});

/** How soon it serves. */
export const start: Bench = {
  name: 'start',
  about: `process start to first token, to all of 1 000 (broker of ${LATENCY_MS} ms), and a restart with 10 000 live tokens`,
  takes: '1 min',
  inShort: true,
  run: async (scope) => {
    const rounds = scope.short ? 1 : 3;
    const first: number[] = [];
    for (let round = 0; round < rounds; round += 1) first.push(await fromNothing(scope, 1));
    const many = scope.short ? 200 : 1_000;
    const all = await fromNothing(scope, many);
    const most = ((many * LATENCY_MS) / 1_000 / AT_ONCE) * 1.05 + 2;
    return [
      figureOf('process start to the first token', 's', first, { most: 1.5 }),
      { what: `process start to ${many} tokens, from nothing`, unit: 's', value: all, target: { most } },
      ...(await again(scope, scope.short ? 1_000 : 10_000)),
    ];
  },
};

/** Seconds from the process's start to all tokens. */
async function fromNothing(scope: Scope, count: number): Promise<number> {
  scope.say(`${count} from nothing`);
  await scope.redis.empty();
  await scope.broker.forget();
  await scope.broker.behave({ latencyMs: LATENCY_MS, lifeS: 4_800 });
  const task = taskOf(count);
  const begunAt = performance.now();
  const service = await startService(scope, task);
  try {
    await until(
      `${count} tokens`,
      120_000,
      async () => {
        check(service.isThere(), 'the service ended early');
        const { logins } = await scope.broker.counts();
        if (logins < count) return false;
        return (await scope.redis.client.exists(...task.users.map((user) => `token:${user}`))) === count;
      },
      5,
    );
    const seconds = (performance.now() - begunAt) / 1_000;
    await holdsTheLatest(scope, task.users);
    return seconds;
  } finally {
    await service.stop();
  }
}

/** A restart with many tokens that live. */
async function again(scope: Scope, count: number): Promise<readonly Figure[]> {
  scope.say(`a restart with ${count}`);
  await scope.redis.empty();
  await scope.broker.forget();
  await scope.broker.behave({ latencyMs: 0, lifeS: 4_800 });
  const task = taskOf(count, 50);
  const before = await startService(scope, task);
  await allPublished(scope, task.users, before, 300_000);
  await before.stop();
  const { logins } = await scope.broker.counts();
  const begunAt = performance.now();
  const service = await startService(scope, task, before);
  await until(`/readyz`, 60_000, () => isReady(service), 5);
  const seconds = (performance.now() - begunAt) / 1_000;
  // Each account has had its turn once a sweep went over all of them; a login would have come long before.
  await until('the page of accounts', 60_000, () => isCounted(service, count), 200);
  const after = await scope.broker.counts();
  await service.stop();
  return [
    { what: `restart with ${count} live tokens to ready`, unit: 's', value: seconds, target: { most: 3 } },
    { what: 'logins by the restart', unit: '', value: after.logins - logins, target: { most: 0 } },
  ];
}

async function isReady({ url }: ServiceProgram): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}

async function isCounted({ url }: ServiceProgram, count: number): Promise<boolean> {
  const answer = await fetch(`${url}/api/token/status`, {
    headers: { authorization: 'Bearer made-up-admin-token' },
  });
  const { summary } = (await answer.json()) as { readonly summary?: unknown };
  return JSON.stringify(summary ?? {}).includes(`"fresh":${count}`);
}
