/**
 * What went wrong between us and a broker, sorted once, at the boundary.
 *
 * - `transient`: the broker (or the way to it) failed; nothing is wrong with the account.
 * - `throttled`: the broker asks for silence; `retryAfterMs` says for how long.
 * - `refused`: this grant or this call is dead. A renewal turns into a sign-in; a sign-in stops.
 * - `needs-human`: only a person can mend it (password, lock, agreement, key). Stops the account.
 * - `outcome-unknown`: the call was sent and not answered; it may have taken effect.
 */
export const errorKinds = ['transient', 'throttled', 'refused', 'needs-human', 'outcome-unknown'] as const;
export type ErrorKind = (typeof errorKinds)[number];

/** The codes that the service itself gives, beside those of the brokers' adapters; docs/errors.md explains each. */
export const ownCodes = [
  'expired_on_arrival',
  'dead_on_arrival',
  'died_early',
  'token_doubted',
  'entry_changed',
  'someone_else',
  'claimed_by_another',
  'interrupted',
  'held_up',
  'internal',
  'notifier_elsewhere',
  'no_such_way',
  'broker_down',
  'renewals_in_vain',
] as const;

/** Who else is hit by the same error: everybody on the account, the API key, this egress, the broker. */
export type ErrorScope = 'account' | 'key' | 'egress' | 'broker';

export interface BrokerErrorFields {
  readonly kind: ErrorKind;
  /** Stable, lower_snake_case, listed in docs/errors.md. */
  readonly code: string;
  readonly scope?: ErrorScope;
  readonly retryAfterMs?: number;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** The broker's own name for the call, which its support asks for. Logged: never a secret. */
  readonly requestId?: string | undefined;
  /** False where the call provably never left (refused connection, DNS): nothing was spent. */
  readonly sent?: boolean;
  /** The answer is one that a session gets which was closed at the broker: worth a proof. */
  readonly doubtsSession?: boolean;
  /**
   * The broker looked at the password and did not take it, or may not have: what it counts as a failed login.
   * A refusal that came after a right password, or before it was looked at, leaves it out.
   */
  readonly doubtsPassword?: boolean;
  /** What came is no answer of the broker's: a page, a text, nothing. */
  readonly unreadable?: boolean;
  /** What the account's next call has to bring along (a penalty's ticket). Secret: sealed, never shown. */
  readonly carry?: Readonly<Record<string, string>>;
}

/**
 * An error a broker's adapter throws. The message is for a person: what happened and what to do.
 * It never holds a body, a header or a secret: errors end up in logs and in alerts.
 */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly kind: ErrorKind;
  readonly code: string;
  readonly scope: ErrorScope;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly sent: boolean;
  readonly doubtsSession: boolean;
  readonly doubtsPassword: boolean;
  readonly unreadable: boolean;
  declare readonly carry: Readonly<Record<string, string>> | undefined;

  constructor(message: string, fields: BrokerErrorFields) {
    super(message);
    this.kind = fields.kind;
    this.code = fields.code;
    this.scope = fields.scope ?? 'account';
    this.retryAfterMs = fields.retryAfterMs;
    this.status = fields.status;
    this.requestId = fields.requestId;
    this.sent = fields.sent ?? true;
    this.doubtsSession = fields.doubtsSession ?? false;
    this.doubtsPassword = fields.doubtsPassword ?? false;
    this.unreadable = fields.unreadable ?? false;
    // Not enumerable: whoever prints an error prints no ticket.
    Object.defineProperty(this, 'carry', { value: fields.carry, enumerable: false });
  }
}

/** One thing that is wrong with the configuration, said so that a person can mend it. */
export interface Fault {
  /** Where: a file and entry, or a setting. */
  readonly at: string;
  /** What is wrong and what to do; never a secret's value, never a piece of the file. */
  readonly message: string;
}

/** Ends the process with exit code 2 and one message that lists every fault. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    const lines = faults.map((fault) => `  - ${fault.at}: ${fault.message}`);
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${lines.join('\n')}`,
    );
    this.faults = faults;
  }
}
