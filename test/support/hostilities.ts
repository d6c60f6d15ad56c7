import type { FaultRule } from '../../src/simulator/index.ts';

/** What stands in the place of an answer. */
export type Hostility = Omit<FaultRule, 'broker' | 'operation'>;

/** What a WAF, a proxy or a broken server puts in the place of an answer; the two that end at a deadline last. */
export const hostilities: readonly Hostility[] = [
  { kind: 'html', status: 200 },
  { kind: 'html', status: 403 },
  { kind: 'html', status: 502 },
  { kind: 'html', status: 503 },
  { kind: 'empty' },
  { kind: 'half' },
  { kind: 'garbage' },
  { kind: 'gzip' },
  { kind: 'status', status: 301 },
  { kind: 'status', status: 307 },
  { kind: 'large' },
  { kind: 'trickle', ms: 50 },
  { kind: 'stall' },
];

/** For what it is called in a test's words. */
export const called = ({ kind, status }: Hostility): string =>
  status === undefined ? kind : `${kind} ${status}`;
