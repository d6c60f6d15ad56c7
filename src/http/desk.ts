import type { Arrival } from '../core/broker.ts';
import type { Act, Explanation } from '../core/explain.ts';
import type { LastDay } from '../core/last-day.ts';
import type { Plan } from '../core/plan.ts';
import type { Room } from '../core/room.ts';
import type { SilenceStatus } from '../core/silence-words.ts';
import type { AccountStatus } from '../core/status.ts';

export interface Readiness {
  readonly ready: boolean;
  /** In words, empty where ready. */
  readonly reasons: readonly string[];
  /** What else is wrong and takes no readiness away, in words. */
  readonly details: readonly string[];
}

/** Why nothing is tried now; `retryAt`: when it may be, ISO 8601, as far as that is known. */
export interface Refusal {
  readonly outcome: 'stopped' | 'silent' | 'held-back' | 'paused' | 'disabled';
  readonly message: string;
  readonly retryAt: string | null;
}

export type RefreshAnswer =
  | { readonly outcome: 'started'; readonly message: string }
  | { readonly outcome: 'action-required'; readonly message: string; readonly url: string }
  | Refusal
  | { readonly outcome: 'unknown-name'; readonly message: string };

/** What came of having a broker ask an account's person. */
export type AskAnswer =
  /** `asked-before`: it was asked in this window already, and its question is open still. `until`: for so long, ISO 8601. */
  | { readonly outcome: 'asked' | 'asked-before'; readonly message: string; readonly until: string }
  /** It will be done, but the account is not free yet. */
  | { readonly outcome: 'under-way'; readonly message: string }
  | { readonly outcome: 'nobody-asked'; readonly message: string; readonly retryAt: string | null }
  | Refusal
  /** `no-approval`: its broker asks nobody. */
  | { readonly outcome: 'unknown-name' | 'no-approval'; readonly message: string };

/** What a person may do to an account: have it rest, put it back, or end its session and have it rest. */
export const interventions = ['pause', 'resume', 'logout'] as const;
export type Intervention = (typeof interventions)[number];

export type InterventionAnswer =
  | {
      /** `under-way`: it holds, but the broker's answer to a logout has not come yet. */
      readonly outcome: 'done' | 'under-way';
      readonly message: string;
      readonly state: 'paused' | 'due' | 'unchanged';
      /** When it ends by itself, ISO 8601; null: not by itself, or it does not rest. */
      readonly until: string | null;
      /** What became of the session at the broker, for a logout. */
      readonly session?: {
        readonly ended: boolean;
        readonly reason: string;
        /** Until when a token that was not ended is good at the broker, ISO 8601. */
        readonly valid_until: string | null;
      };
    }
  | { readonly outcome: 'unknown-name'; readonly message: string }
  | { readonly outcome: 'disabled'; readonly message: string };

export type ConsentOutcome =
  | { readonly outcome: 'done'; readonly name: string; readonly message: string }
  /** A command at a terminal waits for this login, and finishes it. */
  | { readonly outcome: 'handed-over'; readonly name: string; readonly message: string }
  | { readonly outcome: 'unknown-state'; readonly message: string }
  | {
      /** `not-served`: the account is paused or gone, and its code was not sent. */
      readonly outcome: 'someone-else' | 'broker-failed' | 'not-served';
      readonly name: string;
      readonly message: string;
      /** The path at which the same login begins anew, for whoever just came back from it. */
      readonly again?: string;
    }
  | {
      /** Nothing was sent to the broker, which is not to blame. */
      readonly outcome: 'not-now';
      /** Left out where nobody looked whose login it is. */
      readonly name?: string;
      readonly message: string;
      readonly retryAfterMs: number;
      readonly again?: string;
      /** True where the same address works once more. */
      readonly reload?: true;
    };

export type NoticeAnswer =
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'unknown-path' }
  /** `reason`: one word, never a value of what was posted. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** The account could not be had in time; the broker may post again. */
  | { readonly outcome: 'busy' };

/** What the HTTP side may ask of the service. Nothing in it ever holds a token or a secret. */
export interface Desk {
  accounts(): Promise<readonly AccountStatus[]>;
  account(name: string): Promise<AccountStatus | undefined>;
  /**
   * Tells of whatever happens to an account, by its name, until what this returns is called; an empty name stands for
   * any. Hints: while Redis is away there are none.
   */
  listen(heard: (name: string) => void): () => void;
  /** The brokers that want no call from this network now, and how many of these accounts' tokens end before. */
  silences(accounts: readonly AccountStatus[]): Promise<readonly SilenceStatus[]>;
  readiness(): Promise<Readiness>;
  /** The coming refreshes against each broker's budgets. */
  plan(hours: number): Promise<Plan>;
  /** Whose refresh would find no room in the brokers' budgets, if all were wanted at once. */
  lackingRoom(): Promise<ReadonlyMap<string, Room>>;
  /** `room`: what it is known to wait for; nothing is asked for then, and the answer says so. */
  requestRefresh(
    name: string,
    options: { readonly rearm: boolean; readonly room?: Room | undefined },
  ): Promise<RefreshAnswer>;
  /** Has its broker ask an account's person now, once a window, and waits for what comes of it. */
  ask(name: string): Promise<AskAnswer>;
  /** `forMs`: when a pause, or the rest after a logout, ends by itself; undefined: when a person resumes it. */
  intervene(what: Intervention, name: string, forMs: number | undefined): Promise<InterventionAnswer>;
  /** How these accounts stood in their last day. */
  lastDays(names: readonly string[]): Promise<ReadonlyMap<string, LastDay>>;
  /** State, the last decisions with reasons, what is next, what a person can do; undefined for a name nobody has. */
  explain(name: string): Promise<Explanation | undefined>;
  /** Keeps what a person did. Never rejects. */
  noteAct(act: Omit<Act, 'at'>): Promise<void>;
  /** A one-time link to the broker's dialog, or undefined where the account has no browser login. */
  beginConsent(broker: string, name: string): Promise<URL | undefined>;
  finishConsent(state: string | undefined, arrival: Arrival): Promise<ConsentOutcome>;
  /**
   * Takes what a broker posted to an account's webhook. `secret` is the path's; a wrong one is unknown, and what
   * is no token of the account costs the broker's quota nothing.
   */
  takeNotice(broker: string, secret: string, notice: unknown): Promise<NoticeAnswer>;
  /** Checks a signed, time-bound ticket of a link in an alert. */
  ticketIsGood(broker: string, name: string, ticket: string): boolean;
}
