import type { AccountStatus } from './status.ts';

/** A network's silence in a line: it concerns every account of the broker, not only the one that met it. */
export function silenceLine(
  silence: { readonly until: number; readonly code: string },
  title: string,
  egress: string,
  accounts: readonly Pick<AccountStatus, 'valid' | 'expiry_time'>[],
): string {
  const { until, code } = silence;
  const ending = accounts.filter(
    ({ valid, expiry_time }) => valid && expiry_time !== null && Date.parse(expiry_time) < until,
  ).length;
  const at = new Date(until).toISOString().slice(11, 16);
  const ends = ending === 1 ? '1 token ends' : `${ending === 0 ? 'No' : ending} tokens end`;
  return `${title}, network ${egress}: silent until ${at} UTC (${code}). ${ends} before that.`;
}
