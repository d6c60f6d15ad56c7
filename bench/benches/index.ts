import type { Bench } from '../bench.ts';
import { logins } from './logins.ts';
import { overhead } from './overhead.ts';
import { redisCost } from './redis-cost.ts';
import { replicas } from './replicas.ts';
import { report } from './report.ts';
import { rest } from './rest.ts';
import { sixtySeconds } from './sixty-seconds.ts';
import { start } from './start.ts';

/** In the order in which they run. */
export const benches: readonly Bench[] = [
  logins,
  overhead,
  redisCost,
  report,
  start,
  replicas,
  sixtySeconds,
  rest,
];
