import type { Bench, Figure, Scope } from '../bench.ts';
import { usersOf } from '../contestants/contestant.ts';
import { startService, type ServiceProgram } from '../contestants/service.ts';
import { quantile } from '../ground/numbers.ts';
import { pause, until } from '../ground/programs.ts';
import { allPublished, check } from './checks.ts';

const LATENCY_MS = 50;
const REPORTERS = 1_000;
/** Whoever would sign in once more does so within this. */
const AFTERMATH_MS = 2_000;

/** A bot says that its token was refused: how long until the next one is there. */
export const report: Bench = {
  name: 'report',
  about: `a report of a refused token to the new token, beside the broker's own time (${LATENCY_MS} ms a call)`,
  takes: '40 s',
  inShort: true,
  run: async (scope) => {
    const users = usersOf(scope.short ? 51 : 201);
    await scope.broker.behave({ latencyMs: 0, lifeS: 4_800 });
    const service = await startService(scope, { way: 'login', users, concurrency: 10 });
    await allPublished(scope, users, service, 60_000);
    await scope.broker.behave({ latencyMs: LATENCY_MS });
    const [crowded = '', ...single] = users;
    scope.say(`${single.length} reports, one after the other`);
    const beside: number[] = [];
    const whole: number[] = [];
    for (const user of single) {
      const took = await reportOnce(scope, service, user);
      beside.push(took.besideMs);
      whole.push(took.wholeMs);
    }
    scope.note('the broker is asked twice for each: whether the token is dead, and for a new one');
    return [
      {
        what: 'report to new token, beside the broker: p99',
        unit: 'ms',
        ...at(beside, 0.99),
        target: { most: 25 },
      },
      { what: 'report to new token, beside the broker: p50', unit: 'ms', ...at(beside, 0.5) },
      { what: 'report to new token in all: p99', unit: 'ms', ...at(whole, 0.99) },
      ...(await crowd(scope, crowded)),
    ];
  },
};

const at = (values: readonly number[], share: number): { readonly value: number } => ({
  value: quantile(values, share),
});

interface Took {
  readonly wholeMs: number;
  readonly besideMs: number;
}

async function reportOnce(scope: Scope, service: ServiceProgram, user: string): Promise<Took> {
  const { redis, broker } = scope;
  const old = await redis.client.get(`token:${user}`);
  const generation = (await redis.client.hget(`meta:${user}`, 'generation')) ?? '';
  const before = (await broker.users())[user]?.hereMs ?? 0;
  await broker.revoke(user);
  const begunAt = performance.now();
  await redis.client.xadd('token-reports', '*', 'name', user, 'generation', generation, 'status', '401');
  await until(
    `the new token of ${user}`,
    20_000,
    async () => {
      check(service.isThere(), 'the service ended early');
      const token = await redis.client.get(`token:${user}`);
      return token !== null && token !== old;
    },
    1,
  );
  const wholeMs = performance.now() - begunAt;
  const after = (await broker.users())[user]?.hereMs ?? 0;
  return { wholeMs, besideMs: wholeMs - (after - before) };
}

/** A thousand bots with one token, all refused at once. */
async function crowd({ redis, broker, say }: Scope, user: string): Promise<readonly Figure[]> {
  say(`${REPORTERS} reports of one token`);
  const old = await redis.client.get(`token:${user}`);
  const generation = (await redis.client.hget(`meta:${user}`, 'generation')) ?? '';
  const before = (await broker.users())[user];
  await broker.revoke(user);
  const begunAt = performance.now();
  await Promise.all(
    Array.from({ length: REPORTERS }, () =>
      redis.client.xadd('token-reports', '*', 'name', user, 'generation', generation, 'status', '401'),
    ),
  );
  await until(`the new token of ${user}`, 20_000, async () => {
    const token = await redis.client.get(`token:${user}`);
    return token !== null && token !== old;
  });
  const tookMs = performance.now() - begunAt;
  await pause(AFTERMATH_MS);
  const after = (await broker.users())[user];
  return [
    {
      what: `${REPORTERS} reporters of one token: logins`,
      unit: '',
      value: (after?.logins ?? NaN) - (before?.logins ?? NaN),
      target: { most: 1 },
    },
    {
      what: `${REPORTERS} reporters of one token: proofs`,
      unit: '',
      value: (after?.proofs ?? NaN) - (before?.proofs ?? NaN),
    },
    { what: `${REPORTERS} reporters of one token: to the new one, in all`, unit: 'ms', value: tookMs },
  ];
}
