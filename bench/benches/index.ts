import type { Bench } from '../bench.ts';
import { logins } from './logins.ts';
import { overhead } from './overhead.ts';

/** In the order in which they run. */
export const benches: readonly Bench[] = [logins, overhead];
