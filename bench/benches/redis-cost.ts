import type { Bench, Figure, Scope } from '../bench.ts';
import { usersOf, type Task } from '../contestants/contestant.ts';
import { startService } from '../contestants/service.ts';
import { refreshes } from '../ground/broker.ts';
import { pause, until } from '../ground/programs.ts';
import { commandCalls, infoOf } from '../ground/redis.ts';
import { allPublished, check, holdsTheLatest } from './checks.ts';
import { bytesByKind } from './memory.ts';

const LIFE_S = 20;
const DAY_S = 6 * 3_600;

/** What a refresh and an account cost in Redis. */
export const redisCost: Bench = {
  name: 'redis-cost',
  about: 'round trips and commands per refresh, bytes per account at rest',
  takes: '2 min',
  inShort: true,
  run: async (scope) => {
    scope.note(
      'round trips: how often Redis read from a connection, less what it reads from an idle service in the same time; one refresh at a time, as those that meet share round trips',
    );
    const ways = scope.short ? (['renewal'] as const) : (['renewal', 'login'] as const);
    const figures: Figure[] = [];
    for (const way of ways) {
      const users = usersOf(scope.short ? 150 : 400);
      const idle = await atRest(scope, { way, users, concurrency: 10 });
      figures.push(
        ...(await underWay(scope, { way, users, concurrency: 1 }, idle.perSecond)),
        ...idle.figures,
      );
    }
    return figures;
  },
};

interface Rate {
  readonly reads: number;
  readonly commands: number;
}

interface Reading extends Rate {
  readonly at: number;
  readonly done: number;
}

async function read({ redis, broker }: Scope): Promise<Reading> {
  const [reads, commands] = [
    await infoOf(redis.client, 'stats', 'total_reads_processed'),
    await infoOf(redis.client, 'stats', 'total_commands_processed'),
  ];
  return { at: performance.now(), reads, commands, done: refreshes(await broker.counts()) };
}

/** What an idle service asks of Redis each second, and what its accounts weigh. */
async function atRest(
  scope: Scope,
  task: Task,
): Promise<{ readonly perSecond: Rate; readonly figures: readonly Figure[] }> {
  scope.say(`${task.way}: at rest`);
  await scope.redis.empty();
  await scope.broker.forget();
  await scope.broker.behave({ latencyMs: 1, lifeS: DAY_S });
  const service = await startService(scope, task);
  await allPublished(scope, task.users, service, 60_000);
  await pause(2_000);
  const from = await read(scope);
  await pause(scope.short ? 4_000 : 10_000);
  const to = await read(scope);
  check(to.done === from.done, 'it was not at rest');
  const bytes = await bytesByKind(scope.redis.client, task.users.length);
  await service.stop();
  const seconds = (to.at - from.at) / 1_000;
  const tokens = (bytes.get('token') ?? 0) + (bytes.get('auth') ?? 0);
  const all = [...bytes.values()].reduce((sum, each) => sum + each, 0);
  const heaviest = [...bytes].toSorted(([, left], [, right]) => right - left).slice(0, 8);
  scope.note(
    `${task.way}: bytes of an account by key: ${heaviest.map(([kind, each]) => `${kind} ${Math.round(each)}`).join(', ')}`,
  );
  return {
    perSecond: {
      reads: (to.reads - from.reads) / seconds,
      commands: (to.commands - from.commands) / seconds,
    },
    figures: [
      {
        what: `${task.way}: bytes of an account at rest, beyond token: and auth:`,
        unit: 'bytes',
        value: all - tokens,
        target: { most: 2_560 },
      },
      { what: `${task.way}: bytes of its token: and auth:`, unit: 'bytes', value: tokens },
    ],
  };
}

/** What a refresh asks of Redis, where few meet. */
async function underWay(scope: Scope, task: Task, idle: Rate): Promise<readonly Figure[]> {
  scope.say(`${task.way}: under way`);
  await scope.redis.empty();
  await scope.broker.forget();
  await scope.broker.behave({ latencyMs: 1, lifeS: LIFE_S });
  const service = await startService(scope, task);
  const reached = (count: number): Promise<Reading> =>
    until(`${count} refreshes`, 120_000, async () => {
      check(service.isThere(), 'the service ended early');
      return refreshes(await scope.broker.counts()) >= count && read(scope);
    });
  const count = task.users.length;
  await reached(count);
  const [from, callsFrom] = [await reached(1.05 * count), await commandCalls(scope.redis.client)];
  const [to, callsTo] = [await reached(2 * count), await commandCalls(scope.redis.client)];
  await service.stop();
  await holdsTheLatest(scope, task.users);
  const [seconds, done] = [(to.at - from.at) / 1_000, to.done - from.done];
  const most = [...callsTo]
    .map(([name, calls]) => [name, (calls - (callsFrom.get(name) ?? 0)) / done] as const)
    .toSorted(([, left], [, right]) => right - left)
    .slice(0, 10);
  scope.note(
    `${task.way}: commands by name, per refresh and idle ones included: ${most.map(([name, each]) => `${name} ${each.toFixed(1)}`).join(', ')}`,
  );
  const per = (pick: (of: Rate) => number): number => (pick(to) - pick(from) - pick(idle) * seconds) / done;
  return [
    {
      what: `${task.way}: round trips per refresh`,
      unit: '',
      value: per(({ reads }) => reads),
      target: { most: 6 },
    },
    {
      what: `${task.way}: commands per refresh, those in scripts included`,
      unit: '',
      value: per(({ commands }) => commands),
    },
    { what: `${task.way}: round trips of an idle service`, unit: '/s', value: idle.reads },
  ];
}
