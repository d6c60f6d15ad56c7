import type { RawEntry } from '../../../src/core/broker.ts';
import type { ErrorKind, ErrorScope } from '../../../src/core/errors.ts';
import type { FaultKind } from '../../../src/simulator/index.ts';
import type { Stage } from './stage.ts';

/**
 * The step that is judged: a browser login comes back; the person is asked; a served token is proved;
 * a notice arrives at the webhook after the person was asked; a session is ended.
 */
export type Step = 'consent' | 'request' | 'proof' | 'arrival' | 'sign-out';

/** How a step ends. A step that fails says the error's kind, code and scope. */
export type Expected =
  | { readonly kind: ErrorKind; readonly code: string; readonly scope: ErrorScope }
  | { readonly outcome: 'granted' | 'asked' | 'alive' | 'dead' | 'signed-out' | 'browser-never-returns' }
  /** What becomes of each notice, sorted (they may overtake each other): `alive`, `dead`, `refused:<reason>` or `<kind>:<code>:<scope>`. */
  | { readonly arrivals: readonly string[] };

/** One wire signal, or one value of one switch, and what the adapter makes of it. */
export interface Row {
  readonly name: string;
  readonly entry: RawEntry;
  readonly during: Step;
  /** Called just before the step: before the link is opened, the request made, the person answers. */
  arrange(simulator: Stage): void;
  /** Called between the broker's page and the exchange. */
  meanwhile?(simulator: Stage): void;
  /** The button of the dialog. Default: the right user's. */
  readonly button?: 'other' | 'cancel';
  /** What the person does, as a command of the simulator. Default `approve`. */
  readonly answer?: 'approve' | 'reject' | 'approve-late';
  /** How often the step is made; the last one is judged. Default once. */
  readonly repeat?: number;
  /** True: the call hangs until its deadline. */
  readonly hangs?: boolean;
  readonly expect: Expected;
  /** How many calls of the step's operation the last one costs. */
  readonly calls: number;
  /** How many tokens are served beside a granted one. */
  readonly companions?: number;
}

/** The broker's name of the call that a step makes. */
export const operationOf: Readonly<Record<Step, string>> = {
  consent: 'exchange',
  request: 'request',
  proof: 'profile',
  arrival: 'profile',
  'sign-out': 'logout',
};

export const upstoxEntry = {
  name: 'desk-in',
  clientId: '00000000-0000-4000-8000-000000000001',
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
  userId: 'AB0001',
} satisfies RawEntry;

/** The same login, whose person is asked through Upstox. */
export const askingEntry = { ...upstoxEntry, approval: 'request' };

/** An instant written as the wall clock in India shows it. 2026-01-13 is a Tuesday. */
export const ist = (wallClock: string): number => Date.parse(`${wallClock}+05:30`);

export const failing = (kind: ErrorKind, code: string, scope: ErrorScope = 'account'): Expected => ({
  kind,
  code,
  scope,
});

type Arrange = (simulator: Stage) => void;

/** The next call of this step is refused with these codes. */
export const refusedWith =
  (step: Step, codes: string): Arrange =>
  (simulator) => {
    simulator.setSwitch('upstox', 'refuseWith', codes);
    simulator.fault({ broker: 'upstox', operation: operationOf[step], kind: 'refuse', times: 1 });
  };

/** The next call of this step breaks. */
export const broken =
  (step: Step, kind: FaultKind, more: { readonly status?: number; readonly ms?: number } = {}): Arrange =>
  (simulator) =>
    void simulator.fault({ broker: 'upstox', operation: operationOf[step], kind, times: 1, ...more });

export const turned =
  (name: string, value: unknown): Arrange =>
  (simulator) =>
    simulator.setSwitch('upstox', name, value);

export const told =
  (command: string, argument?: string): Arrange =>
  (simulator) =>
    void simulator.command('upstox', command, argument);

export const all =
  (...steps: readonly Arrange[]): Arrange =>
  (simulator) =>
    steps.forEach((step) => step(simulator));

/** The brokers' clock goes on by so many ms. */
export const shifted =
  (ms: number): Arrange =>
  (simulator) =>
    simulator.clock.shift(ms);

/** It is this hour in India. */
export const at =
  (wallClock: string): Arrange =>
  (simulator) =>
    simulator.clock.set(ist(wallClock));

/** Rows of one step and entry; nothing is arranged where they do not say. */
export const row =
  (common: Pick<Row, 'entry' | 'during'>) =>
  (own: Omit<Row, 'entry' | 'during' | 'arrange'> & Partial<Pick<Row, 'entry' | 'arrange'>>): Row => ({
    arrange: () => undefined,
    ...common,
    ...own,
  });
