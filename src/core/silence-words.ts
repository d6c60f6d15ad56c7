import { momentAfter } from './day.ts';
import type { AccountStatus } from './status.ts';

/** A pause that a broker asked of a network, as it concerns one account. */
export interface Quiet {
  /** Ms. */
  readonly until: number;
  /** Why, for people; not where what was said is of one login alone. */
  readonly message?: string;
}

/** What an account that waits for its end is said to wait for: why in its first words, and until when. */
export function silenceWords(silence: Quiet | undefined): string {
  if (!silence) return 'The broker asked this network for silence; the next try waits for its end.';
  const why = silence.message?.split(/[.:;] /)[0] ?? 'The broker asked this network for silence';
  return `${why.replace(/\.$/, '')}. Nothing is sent before ${momentAfter(silence.until)}.`;
}

/** A pause that a broker asked of a whole network, as operators see it. */
export interface SilenceStatus {
  readonly broker: string;
  /** Who is silent: the name of the network, `EGRESS_ID`. */
  readonly network: string;
  readonly until: string;
  /** Why, as errors.md lists it. */
  readonly code: string;
  /** All of it in words. */
  readonly message: string;
}

/** The silences of a network, in words. */
export function describeSilences(
  silences: readonly { readonly broker: string; readonly until: number; readonly code: string }[],
  titleOf: (broker: string) => string,
  egress: string,
  accounts: readonly Pick<AccountStatus, 'broker' | 'valid' | 'expiry_time'>[],
): readonly SilenceStatus[] {
  return silences.map((silence) => {
    const { broker, until, code } = silence;
    const theirs = accounts.filter((account) => account.broker === broker);
    const message = silenceLine(silence, titleOf(broker), egress, theirs);
    return { broker, network: egress, until: new Date(until).toISOString(), code, message };
  });
}

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
  const without = accounts.filter(({ valid }) => !valid).length;
  const lack =
    without === 0 ? '' : ` ${without === 1 ? '1 account has' : `${without} accounts have`} none now.`;
  return `${title}, network ${egress}: silent until ${at} UTC (${code}). ${ends} before that.${lack}`;
}
