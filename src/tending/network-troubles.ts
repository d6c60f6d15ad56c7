import type { AccountRecord, Trouble } from '../core/session.ts';

/** So long an account may wait for its first token, ms, before that is as bad as one that was lost. */
const SHORT_WAIT_MS = 60_000;

/** Why an account without a token waits though nothing is wrong with it. */
const networkTroubles: Readonly<Record<string, string | undefined>> = {
  broker_silence: 'The broker asked this network for silence; an account without a token waits for its end.',
  broker_down: 'The broker does not answer; one call at a time shows whether it is back.',
  budget_spent:
    'A limit of the broker leaves no room for another call yet. More accounts than the limit carries, or failed logins: see the budgets.',
};

/** The same; a limit says more where it is known which. Undefined for any other reason. */
export function networkTrouble(
  because: string,
  { heldBack }: AccountRecord,
): Pick<Trouble, 'code' | 'kind' | 'message'> | undefined {
  const message = (because === 'budget_spent' ? heldBack?.message : undefined) ?? networkTroubles[because];
  return message === undefined ? undefined : { code: because, kind: 'throttled', message };
}

export const isLong = (until: number | undefined, now: number): boolean =>
  until === undefined || until - now > SHORT_WAIT_MS;
