import { errorRows } from './upstox-errors.ts';
import type { Row } from './upstox-row.ts';
import { switchRows } from './upstox-switches.ts';

export { ist, operationOf, upstoxEntry, type Expected, type Row, type Step } from './upstox-row.ts';

/** One row for each wire signal of Upstox and for each value of each switch of its simulator. */
export const rows: readonly Row[] = [...errorRows, ...switchRows];
