import type { Silence } from './consequence.ts';
import type { KeptFailure } from './ledger.ts';

/** What a broker asked of a network, and which of its sign-ins failed, as Redis has it. */
export interface NetworkWord {
  /** By Redis' clock; undefined where nothing is asked. */
  readonly silence: Silence | undefined;
  readonly failed: readonly KeptFailure[];
  /** When a sign-in worked last, ms; 0: not known. It excuses what nobody answered before it. */
  readonly succeededAt: number;
}
