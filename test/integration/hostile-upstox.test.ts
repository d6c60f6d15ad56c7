import { describe, it, type ExpectStatic } from 'vitest';
import { browsing, logIn, register } from '../support/browser-login.ts';
import { called, hostilities, type Hostility } from '../support/hostilities.ts';
import { until } from '../support/poll.ts';
import { hammer } from '../support/readers.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

/** An adapter's own deadline, and half a second for a busy machine, ms. */
const LONGEST_CALL_MS = 10_500;

/** All that a bot may take the token from, in one step. */
async function read({ redis }: ServiceBench): Promise<string> {
  const said = await redis.multi().mget('token:UP', 'auth:UP').hget('meta:UP', 'headers').exec();
  return JSON.stringify(said);
}

/** What stands in the way of a proof is over, as far as time goes. */
const proveNow = ({ redis }: ServiceBench): Promise<unknown> =>
  redis
    .multi()
    .hset('refresher:account:UP', 'proofDueAt', Date.now())
    // A page with 403 has everybody behind this address wait.
    .del('refresher:silence:upstox:default')
    .zadd('refresher:due:upstox', Date.now(), 'UP')
    .exec();
const idle = ({ redis }: ServiceBench): Promise<unknown> =>
  until(() => redis.exists('refresher:lease:UP').then((held) => held === 0), { what: 'the look to end' });

/** The calls that met the fault: one of this operation, ended by its deadline. */
function expectOne(
  expect: ExpectStatic,
  bench: ServiceBench,
  after: number,
  operation: string,
  what: string,
): void {
  const met = bench.simulator.calls({ after }).filter(({ fault }) => fault !== undefined);
  expect(
    met.map((call) => call.operation),
    what,
  ).toEqual([operation]);
  for (const { startedAt, endedAt = Infinity } of met) {
    expect(endedAt - startedAt, what).toBeLessThan(LONGEST_CALL_MS);
  }
}

interface Step {
  readonly operation: 'exchange' | 'profile';
  /** Lets the call be made, and waits until the service has made up its mind. */
  meet(bench: ServiceBench, expect: ExpectStatic, hostility: Hostility): Promise<void>;
  /** After that Upstox answers as ever. True where another token is then to be had. */
  recover(bench: ServiceBench, expect: ExpectStatic): Promise<boolean>;
}

/** Pages say what happened, in words of the service's own. */
async function comesBack(bench: ServiceBench, expect: ExpectStatic, status: number): Promise<void> {
  const page = await logIn(bench, 'UP');
  const text = await page.text();
  expect([page.status, text]).toEqual([status, expect.not.stringContaining('Attention Required')]);
}

const steps: readonly (readonly [string, Step])[] = [
  [
    'the exchange of a second login',
    {
      operation: 'exchange',
      meet: (bench, expect) => comesBack(bench, expect, 502),
      async recover(bench, expect) {
        await comesBack(bench, expect, 200);
        return true;
      },
    },
  ],
  [
    "the proof of a second login's token",
    {
      operation: 'profile',
      meet: (bench, expect) => comesBack(bench, expect, 200),
      async recover(bench, expect) {
        const after = bench.simulator.calls().length;
        await proveNow(bench);
        await until(() => bench.simulator.calls({ after, operation: 'profile', status: 200 }).length > 0, {
          what: 'the proof',
        });
        expect(bench.simulator.calls({ after, operation: 'exchange' })).toEqual([]);
        return true;
      },
    },
  ],
  [
    'the half-hourly proof',
    {
      operation: 'profile',
      async meet(bench) {
        const before = bench.logged('token.unproved').length;
        await proveNow(bench);
        await until(() => bench.logged('token.unproved').length > before, {
          what: 'the verdict',
          timeoutMs: 15_000,
        });
      },
      async recover(bench) {
        const before = await bench.redis.hget('refresher:account:UP', 'provenAt');
        await proveNow(bench);
        await until(async () => (await bench.redis.hget('refresher:account:UP', 'provenAt')) !== before, {
          what: 'the proof',
        });
        return false;
      },
    },
  ],
];

describe.concurrent.each(steps)('an Upstox token, while %s is met by', (_, { operation, meet, recover }) => {
  it(
    'each thing that is no answer, stays; one call each, and all is well when Upstox answers again',
    ({ expect }) =>
      // More logins in a second than Upstox lets one user have.
      withBench({ entries: [browsing], env: { UPSTOX_CALLS_PER_SECOND: '500' } }, async (bench) => {
        const { simulator } = bench;
        register(bench, 'UP', 'AB0001');
        await comesBack(bench, expect, 200);
        await bench.keys(['token:UP', 'auth:UP', 'meta:UP']);
        const published = [await read(bench)];
        const reader = hammer(() => read(bench));
        for (const hostility of hostilities) {
          const what = called(hostility);
          const after = simulator.calls().length;
          const fault = simulator.fault({ broker: 'upstox', operation, ...hostility });
          await meet(bench, expect, hostility);
          await idle(bench);
          fault.remove();
          expectOne(expect, bench, after, operation, what);
          expect(await read(bench), what).toBe(published.at(-1));
          if (await recover(bench, expect)) {
            await until(async () => (await read(bench)) !== published.at(-1), { what: 'the next token' });
            published.push(await read(bench));
          }
          await idle(bench);
          expect(await bench.redis.hget('state:UP', 'state'), what).toBe('fresh');
        }
        await reader.stop();
        expect([...new Set(reader.seen.map(({ value }) => value))]).toEqual(published);
        expect(simulator.calls({ operation: 'unknown' })).toEqual([]);
        const spent = simulator.calls({ operation: 'exchange' }).map((call) => call.spent);
        expect(new Set(spent).size).toBe(spent.length);
      }),
    90_000,
  );
});
