import { errorRows } from './ig-errors.ts';
import { loginRows } from './ig-logins.ts';
import type { Row } from './ig-row.ts';
import { switchRows } from './ig-switches.ts';

export { operationOf, type Failure, type Row, type Step } from './ig-row.ts';

/** One row for each wire signal of IG and for each value of the switches of its simulator. */
export const rows: readonly Row[] = [...errorRows, ...loginRows, ...switchRows];
