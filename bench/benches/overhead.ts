import type { Bench, Figure, Scope } from '../bench.ts';
import { usersOf, type Contestant } from '../contestants/contestant.ts';
import { floor, schedulers, script } from '../contestants/loops.ts';
import { service } from '../contestants/service.ts';
import { refreshes } from '../ground/broker.ts';
import { processorMs } from '../ground/machine.ts';
import { until } from '../ground/programs.ts';
import { check, holdsTheLatest } from './checks.ts';
import { alternate, figureOf, present, ratiosOf, type Measured } from './rounds.ts';

const AT_ONCE = 10;
/** A token is renewed after 55 to 60 % of its life. */
const LIFE_S = 20;
const EVERY_MS = 11_500;
/** Passes over all accounts that are measured: of the floor, which takes less than a second for one, some more. */
const passesOf = ({ name }: Contestant): number => (name === floor.name ? 5 : 1);
const PATIENCE_MS = 180_000;

interface Cost {
  /** Processor ms of the contestant for each refresh. */
  readonly own: number;
  /** The same of Redis. */
  readonly redis: number;
  readonly perSecond: number;
}

interface Costs {
  /** First logins, all at once. */
  readonly first: Cost;
  /** Renewals of accounts that are known. */
  readonly later: Cost;
}

/** What a refresh costs beside the broker's time. */
export const overhead: Bench = {
  name: 'overhead',
  about: 'processor time per refresh at a broker that answers at once: refresh tokens, each used once',
  takes: '4 min',
  inShort: true,
  run: async (scope) => {
    const users = usersOf(scope.accounts ?? (scope.short ? 1_000 : 3_000));
    await scope.broker.behave({ latencyMs: 0, lifeS: LIFE_S });
    const contestants = await present(scope, [service, floor, script, schedulers]);
    const measured = await alternate(scope, contestants, scope.short ? 1 : 5, (contestant) =>
      measure(scope, contestant, users),
    );
    return [...targets(contestants, measured), ...contestants.flatMap(({ name }) => plain(name, measured))];
  },
};

function targets(contestants: readonly Contestant[], measured: Measured<Costs>): readonly Figure[] {
  const own = ({ later }: Costs): number => later.own;
  const ofService = measured.get(service.name) ?? [];
  return [
    ...(contestants.includes(script)
      ? [
          figureOf(
            "service: processor time, of the script's",
            'x',
            ratiosOf(measured, service.name, script.name, own),
            { most: 0.4 },
          ),
        ]
      : []),
    figureOf(
      "service: processor time, of the floor's",
      'x',
      ratiosOf(measured, service.name, floor.name, own),
      { most: 2.8 },
    ),
    figureOf(
      'service: renewals that one core allows',
      '/s',
      ofService.map(({ later }) => 1_000 / later.own),
      { least: 1_000 },
    ),
    figureOf(
      'service: first logins of all at once',
      '/s',
      ofService.map(({ first }) => first.perSecond),
    ),
    figureOf(
      'service: first logins that one core allows',
      '/s',
      ofService.map(({ first }) => 1_000 / first.own),
    ),
  ];
}

function plain(name: string, measured: Measured<Costs>): readonly Figure[] {
  const costs = measured.get(name) ?? [];
  return [
    figureOf(
      `${name}: processor time per refresh`,
      'ms',
      costs.map(({ later }) => later.own),
    ),
    figureOf(
      `${name}: of Redis per refresh`,
      'ms',
      costs.map(({ later }) => later.redis),
    ),
  ];
}

async function measure(scope: Scope, contestant: Contestant, users: readonly string[]): Promise<Costs> {
  const everyMs = contestant === schedulers ? EVERY_MS : 0;
  const program = await contestant.start(scope, { way: 'renewal', users, concurrency: AT_ONCE, everyMs });
  try {
    const read = async (): Promise<Reading> => ({
      at: performance.now(),
      own: processorMs(program.pid),
      redis: processorMs(scope.redis.pid),
      done: refreshes(await scope.broker.counts()),
    });
    const reached = (count: number): Promise<Reading> =>
      until(
        `${contestant.name}: ${count} refreshes`,
        PATIENCE_MS,
        async () => {
          check(program.isThere(), `${contestant.name}: it ended early`);
          const reading = await read();
          return reading.done >= count && reading;
        },
        25,
      );
    // The first tenth pays for the start, and for a network that is new; of a later pass, a twentieth for the wait before it.
    const begin = await reached(users.length / 10);
    const full = await reached(users.length);
    const from = await reached(1.05 * users.length);
    const to = await reached((1 + passesOf(contestant)) * users.length);
    check((await program.stop()) === 0, `${contestant.name}: it did not end well`);
    const counts = await scope.broker.counts();
    check(counts.refused === 0, `${contestant.name}: ${counts.refused} calls were refused`);
    check(counts.met === 0, `${contestant.name}: ${counts.met} calls met another one of their login`);
    check(counts.logins === users.length, `${contestant.name}: ${counts.logins} logins of ${users.length}`);
    check(counts.renewals >= 0.95 * users.length, `${contestant.name}: only ${counts.renewals} renewals`);
    await holdsTheLatest(scope, users);
    return { first: between(begin, full), later: between(from, to) };
  } finally {
    await program.kill();
  }
}

interface Reading {
  readonly at: number;
  readonly own: number;
  readonly redis: number;
  readonly done: number;
}

function between(from: Reading, to: Reading): Cost {
  const done = to.done - from.done;
  return {
    own: (to.own - from.own) / done,
    redis: (to.redis - from.redis) / done,
    perSecond: (done * 1_000) / (to.at - from.at),
  };
}
