import type { State } from './state.ts';
import type { DayOfUse } from './uses.ts';

/** One account as operators see it: the contract's fields of `GET /api/token/status/:name`. */
export interface AccountStatus {
  readonly valid: boolean;
  readonly time_remaining_seconds: number;
  readonly time_remaining_hours: number;
  readonly expiry_time: string | null;
  readonly needs_refresh: boolean;
  readonly message: string;
  /** What `message` says beside the time that is left; null where that is all. */
  readonly detail: string | null;
  readonly api_validated: boolean | null;
  readonly name: string;
  readonly username: string;
  readonly broker: string;
  readonly environment: string;
  readonly state: State;
  readonly generation: number | null;
  readonly token_type: string | null;
  readonly scope: string | null;
  readonly issued_at: string | null;
  readonly last_refresh: string | null;
  readonly next_refresh: string | null;
  readonly reason: string | null;
  readonly last_error: { readonly code: string; readonly message: string; readonly at: string } | null;
  readonly attempts: number;
  readonly sub_accounts: readonly string[];
  /** True where only a person can get the next token (a link starts it). */
  readonly person_needed: boolean;
  /** True where its broker asks that person, where it is told to. */
  readonly can_be_asked: boolean;
  /** A refresh that is asked for before then is refused: its broker wants silence, or a limit leaves no room. */
  readonly no_refresh_before: string | null;
  /** What it was used for in the last month, the newest day first; only where single accounts are shown. */
  readonly usage?: readonly DayOfUse[] | undefined;
}
