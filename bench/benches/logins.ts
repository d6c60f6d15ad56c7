import type { Bench, Scope } from '../bench.ts';
import { usersOf, type Contestant } from '../contestants/contestant.ts';
import { floor, schedulers, script } from '../contestants/loops.ts';
import { service } from '../contestants/service.ts';
import { allPublished, check, holdsTheLatest } from './checks.ts';
import { alternate, figureOf, present, ratiosOf } from './rounds.ts';

const LATENCY_MS = 100;
const AT_ONCE = 10;

interface Rates {
  /** Logins a second, from the first call to the last answer. */
  readonly whole: number;
  /** The same without the first tenth: what it keeps up. */
  readonly kept: number;
}

/** First logins of many accounts at a broker that takes 100 ms. */
export const logins: Bench = {
  name: 'logins',
  about: `first logins of 1 000 accounts at a broker of ${LATENCY_MS} ms, ${AT_ONCE} at once`,
  takes: '4 min',
  inShort: true,
  run: async (scope) => {
    const users = usersOf(scope.short ? 200 : 1_000);
    await scope.broker.behave({ latencyMs: LATENCY_MS, lifeS: 4_800 });
    const contestants = await present(scope, [service, floor, script, schedulers]);
    const measured = await alternate(scope, contestants, scope.short ? 1 : 5, (contestant) =>
      measure(scope, contestant, users),
    );
    const others = contestants.filter(({ name }) => name !== floor.name);
    scope.note(
      'a network that was never signed in from is tried with 1, 2, 4 and 8 logins first: the kept rate leaves out the first tenth of the logins, the whole rate does not',
    );
    return [
      ...others.map(({ name }) =>
        figureOf(
          `${name}: kept rate, of the floor's`,
          'x',
          ratiosOf(measured, name, floor.name, ({ kept }) => kept),
          name === service.name ? { least: 0.98 } : undefined,
        ),
      ),
      ...others.map(({ name }) =>
        figureOf(
          `${name}: whole rate, of the floor's`,
          'x',
          ratiosOf(measured, name, floor.name, ({ whole }) => whole),
        ),
      ),
      ...contestants.map(({ name }) =>
        figureOf(
          `${name}: logins`,
          '/s',
          (measured.get(name) ?? []).map(({ whole }) => whole),
        ),
      ),
    ];
  },
};

async function measure(scope: Scope, contestant: Contestant, users: readonly string[]): Promise<Rates> {
  const program = await contestant.start(scope, { way: 'login', users, concurrency: AT_ONCE });
  try {
    await allPublished(scope, users, program, 120_000);
    const counts = await scope.broker.counts();
    const instants = await scope.broker.instants();
    await program.stop();
    check(counts.logins === users.length, `${contestant.name}: ${counts.logins} logins of ${users.length}`);
    check(counts.peak <= AT_ONCE, `${contestant.name}: ${counts.peak} logins at once`);
    await holdsTheLatest(scope, users);
    const tenth = users.length / 10;
    const [from = NaN, to = NaN] = [instants[tenth - 1], instants.at(-1)];
    return {
      whole: (users.length * 1_000) / (to - counts.firstAt),
      kept: ((users.length - tenth) * 1_000) / (to - from),
    };
  } finally {
    await program.kill();
  }
}
