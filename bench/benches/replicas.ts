import type { Bench, Figure, Scope } from '../bench.ts';
import { usersOf, type Task } from '../contestants/contestant.ts';
import { startService, type ServiceProgram } from '../contestants/service.ts';
import { refreshes } from '../ground/broker.ts';
import { processorMs } from '../ground/machine.ts';
import { until } from '../ground/programs.ts';
import { check, holdsTheLatest } from './checks.ts';
import { figureOf } from './rounds.ts';

const PROCESSES = [1, 2, 3] as const;
const LIFE_S = 20;
const LATENCY_MS = 100;
/** They share it: what one seals another opens. */
const env = { SECRET_KEY: Buffer.alloc(32, 'made-up').toString('base64') };

interface Run {
  readonly processes: number;
  /** Processor ms of all processes for each refresh. */
  readonly cost: number;
  readonly loginsPerSecond: number;
  /** Logins and meetings that there should not have been. */
  readonly twice: number;
}

/** Several processes on one Redis. */
export const replicas: Bench = {
  name: 'replicas',
  about: `1, 2 and 3 processes on one Redis: processor time per refresh, and rate at a broker of ${LATENCY_MS} ms`,
  takes: '5 min',
  inShort: false,
  run: async (scope) => {
    const runs: Run[] = [];
    for (let round = 0; round < (scope.short ? 1 : 3); round += 1) {
      for (const processes of PROCESSES) runs.push(await runWith(scope, processes));
    }
    return figuresOf(runs);
  },
};

function figuresOf(runs: readonly Run[]): readonly Figure[] {
  const of = (processes: number): readonly Run[] => runs.filter((run) => run.processes === processes);
  const against = (processes: number, pick: (run: Run) => number): readonly number[] =>
    of(processes).flatMap((run, round) => {
      const one = of(1)[round];
      return one ? [pick(run) / pick(one)] : [];
    });
  return [
    ...[2, 3].map((processes) =>
      figureOf(
        `${processes} processes: processor time per refresh, of one's`,
        'x',
        against(processes, ({ cost }) => cost),
        { most: 1.1 },
      ),
    ),
    figureOf(
      "2 processes: logins a second, of one's",
      'x',
      against(2, ({ loginsPerSecond }) => loginsPerSecond),
      { least: 1.95 },
    ),
    figureOf(
      "3 processes: logins a second, of one's",
      'x',
      against(3, ({ loginsPerSecond }) => loginsPerSecond),
    ),
    figureOf(
      'accounts that were called twice',
      '',
      runs.map(({ twice }) => twice),
      { most: 0 },
    ),
    ...PROCESSES.map((processes) =>
      figureOf(
        `${processes} ${processes === 1 ? 'process' : 'processes'}: processor time per refresh`,
        'ms',
        of(processes).map(({ cost }) => cost),
      ),
    ),
  ];
}

async function runWith(scope: Scope, processes: number): Promise<Run> {
  const work = await costOf(scope, processes);
  const rate = await rateOf(scope, processes);
  return {
    processes,
    cost: work.cost,
    loginsPerSecond: rate.perSecond,
    twice: work.twice + rate.twice,
  };
}

/** Renewals at a broker that answers at once. */
async function costOf(
  scope: Scope,
  processes: number,
): Promise<{ readonly cost: number; readonly twice: number }> {
  scope.say(`${processes} processes: processor time`);
  const users = usersOf(scope.accounts ?? (scope.short ? 1_000 : 2_000));
  return withServices(scope, processes, { way: 'renewal', users, concurrency: 10, env }, async (services) => {
    await scope.broker.behave({ latencyMs: 0, lifeS: LIFE_S });
    const reached = async (count: number): Promise<{ readonly own: number; readonly done: number }> =>
      until(
        `${count} refreshes`,
        180_000,
        async () => {
          const done = refreshes(await scope.broker.counts());
          if (done < count) return false;
          return { own: services.reduce((sum, { pid }) => sum + processorMs(pid), 0), done };
        },
        25,
      );
    await reached(users.length);
    const from = await reached(1.05 * users.length);
    const to = await reached(2 * users.length);
    await Promise.all(services.map(({ stop }) => stop()));
    const { logins, met, refused } = await scope.broker.counts();
    await holdsTheLatest(scope, users);
    return {
      cost: (to.own - from.own) / (to.done - from.done),
      twice: logins - users.length + met + refused,
    };
  });
}

/** First logins, ten at once in each process. */
async function rateOf(
  scope: Scope,
  processes: number,
): Promise<{ readonly perSecond: number; readonly twice: number }> {
  scope.say(`${processes} processes: logins`);
  const users = usersOf(scope.short ? 200 : 1_000);
  return withServices(scope, processes, { way: 'login', users, concurrency: 10, env }, async () => {
    await until(
      `${users.length} logins`,
      120_000,
      async () => (await scope.broker.counts()).users === users.length,
    );
    const instants = await scope.broker.instants();
    const { logins, met } = await scope.broker.counts();
    // Without the first tenth: a new network is tried with few at first.
    const tenth = users.length / 10;
    const [from = NaN, to = NaN] = [instants[tenth - 1], instants[users.length - 1]];
    return {
      perSecond: ((users.length - tenth) * 1_000) / (to - from),
      twice: logins - users.length + met,
    };
  });
}

async function withServices<T>(
  scope: Scope,
  processes: number,
  task: Task,
  work: (services: readonly ServiceProgram[]) => Promise<T>,
): Promise<T> {
  await scope.redis.empty();
  await scope.broker.forget();
  await scope.broker.behave({ latencyMs: LATENCY_MS, lifeS: 4_800 });
  const services: ServiceProgram[] = [];
  try {
    for (let i = 0; i < processes; i += 1) services.push(await startService(scope, task));
    const result = await work(services);
    check(services.every(({ isThere }) => isThere()) || task.way === 'renewal', 'a process ended early');
    return result;
  } finally {
    await Promise.all(services.map(({ kill }) => kill()));
  }
}
