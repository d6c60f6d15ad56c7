import type { Account } from '../core/account.ts';
import type { Arrival, Call, Grant } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import type { Source } from '../core/session.ts';

/** One call that yields a grant. */
export type Step =
  | { readonly kind: 'sign-in'; readonly source: Source; readonly seed?: undefined }
  | { readonly kind: 'renewal'; readonly source: Source; readonly from: Grant; readonly seed?: Grant }
  | {
      readonly kind: 'consent';
      readonly source: Source;
      readonly arrival: Arrival;
      readonly seed?: undefined;
    };

const PROOFS = 4;
const PROOF_PAUSE_MS = 1_500;

/** Makes the step's call, and proves the grant where the account asks for it. Throws BrokerError only. */
export async function obtain(account: Account, step: Step, call: Call, clock: Clock): Promise<Grant> {
  const grant = await request(account, step, call);
  if (grant.expiresAt <= clock.now()) {
    throw new BrokerError('The broker handed out a token that has expired already.', {
      kind: step.kind === 'renewal' ? 'refused' : 'outcome-unknown',
      code: 'expired_on_arrival',
    });
  }
  if (!account.verify || !account.connection.probe) return grant;
  try {
    await prove(account, grant, call, clock);
    return grant;
  } catch (error) {
    // The renewal itself went through: what it was made from is spent, whatever the proof says.
    const passing = error instanceof BrokerError && error.kind !== 'needs-human' && error.kind !== 'refused';
    if (step.kind !== 'renewal' || !passing) throw error;
    throw new BrokerError(error.message, { kind: 'outcome-unknown', code: error.code });
  }
}

function request(account: Account, step: Step, call: Call): Promise<Grant> {
  const { signIn, renew, consent } = account.connection;
  if (step.kind === 'sign-in' && signIn) return signIn(call);
  if (step.kind === 'renewal' && renew) return renew(step.from, call);
  if (step.kind === 'consent' && consent) return consent.receive(step.arrival, call);
  return Promise.reject(
    new BrokerError(`This broker has no ${step.kind}.`, {
      kind: 'needs-human',
      code: 'no_such_way',
      sent: false,
    }),
  );
}

/** The grant is in hand and cannot be had again: a broker that stumbles is asked a few times. */
async function prove(account: Account, grant: Grant, call: Call, clock: Clock): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const proof = await account.connection.probe?.(grant, call);
      if (proof === 'alive' || proof === undefined) return;
      throw proof === 'dead'
        ? new BrokerError('The broker refuses the token it has just handed out.', {
            kind: 'refused',
            code: 'dead_on_arrival',
          })
        : new BrokerError('The token belongs to another user than this account; it was not stored.', {
            kind: 'refused',
            code: 'someone_else',
          });
    } catch (error) {
      const passing =
        error instanceof BrokerError && error.kind !== 'refused' && error.kind !== 'needs-human';
      if (!passing || tries >= PROOFS || call.signal.aborted) throw error;
      await clock.sleep(PROOF_PAUSE_MS, call.signal);
    }
  }
}
