import type { RawEntry } from '../../../src/core/broker.ts';
import type { ErrorKind, ErrorScope } from '../../../src/core/errors.ts';
import type { FaultKind } from '../../../src/simulator/index.ts';
import type { Stage } from './stage.ts';

/** The step that is judged. */
export type Step = 'sign-in' | 'renewal' | 'proof' | 'discovery';

/** How a step fails. */
export interface Failure {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly scope: ErrorScope;
}

/** One wire signal, or one value of one switch, and what the adapter makes of it. */
export interface Row {
  readonly name: string;
  readonly entry: RawEntry;
  readonly during: Step;
  /** Makes the simulator say it: before a sign-in; else once the account has a session. */
  readonly arrange: (simulator: Stage) => void | Promise<void>;
  /** True where no answer comes: the caller's deadline has to end it. */
  readonly stalls?: boolean;
  /** A proof also ends with what it says of the token; other steps that go well `works`. */
  readonly expect: Failure | 'works' | 'alive' | 'dead' | 'someone-else';
  /** The calls that the step makes, in the simulator's words, in order. */
  readonly calls: readonly string[];
}

const secrets = { password: 'made-up', apiKey: 'key-demo-rows' };
/** Made-up logins, each for one kind of session. */
export const v3: RawEntry = { username: 'desk_rows', ...secrets };
export const v2: RawEntry = { ...v3, session: 'v2' };
export const encrypted: RawEntry = { ...v2, encryptPassword: true };
export const elsewhere: RawEntry = { ...v2, accountId: 'ZZ9X8' };
export const streaming: RawEntry = { ...v3, streaming: true };

/** The call that a step is about. */
export const operationOf: Readonly<Record<Step, string>> = {
  'sign-in': 'login',
  renewal: 'refresh-token',
  proof: 'session',
  discovery: 'accounts',
};

export const failing = (kind: ErrorKind, code: string, scope: ErrorScope = 'account'): Failure => ({
  kind,
  code,
  scope,
});

type Arrange = Row['arrange'];

export const nothing: Arrange = () => undefined;

export const all =
  (...steps: readonly Arrange[]): Arrange =>
  async (simulator) => {
    for (const step of steps) await step(simulator);
  };

export const turned =
  (name: string, value: unknown): Arrange =>
  (simulator) =>
    simulator.setSwitch('ig', name, value);

export const told =
  (name: string, argument?: string): Arrange =>
  (simulator) =>
    void simulator.command('ig', name, argument);

/** Every call of this operation gets this answer from now on; `effect`: after it took effect. */
export const answered = (
  operation: string,
  status: number,
  errorCode?: string,
  more: { readonly effect?: boolean; readonly page?: boolean } = {},
): Arrange => told('answer', JSON.stringify({ operation, status, errorCode, ...more }));

export const broken =
  (operation: string, kind: FaultKind, status?: number): Arrange =>
  (simulator) =>
    void simulator.fault({ broker: 'ig', operation, kind, ...(status === undefined ? {} : { status }) });

/** It takes effect, and the answer comes when nobody waits for it any more. */
export const late =
  (operation: string): Arrange =>
  (simulator) =>
    void simulator.fault({ broker: 'ig', operation, kind: 'slow', ms: 60_000 });

export const later =
  (ms: number): Arrange =>
  (simulator) =>
    simulator.clock.shift(ms);

/** The password that this login has, and no other. */
export const passwordIs =
  (password: string, { username }: RawEntry = v3): Arrange =>
  (simulator) =>
    simulator.setPassword('ig', String(username), password);

/** A login by somebody else's program, on the same network. */
export const loggedIn =
  (
    changes: { readonly password?: string; readonly username?: string; readonly apiKey?: string } = {},
  ): Arrange =>
  async (simulator) => {
    const { username, password, apiKey } = { ...v3, ...changes };
    const login = { username: String(username), password: String(password), apiKey: String(apiKey) };
    if (simulator.sendLogin) return simulator.sendLogin('ig', login);
    const answer = await fetch(`${simulator.setting('IG_API_URL') ?? ''}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-ig-api-key': login.apiKey, version: '3' },
      body: JSON.stringify({ identifier: login.username, password: login.password }),
    });
    await answer.body?.cancel();
  };

/** Rows whose only call is the one that their step is about. */
export const single = (
  name: string,
  during: Step,
  arrange: Row['arrange'],
  expect: Row['expect'],
  more: Partial<Row> = {},
): Row => ({
  name: `${name}, ${during}`,
  entry: v3,
  during,
  arrange,
  expect,
  calls: [operationOf[during]],
  ...more,
});

/** What most answers come to. */
export const verdicts = {
  human: (code: string): Failure => failing('needs-human', code),
  pairGone: failing('refused', 'refresh_token_dead'),
  keyRefused: failing('needs-human', 'key_refused', 'key'),
  keyQuota: failing('throttled', 'key_quota_exceeded', 'key'),
  accountQuota: failing('throttled', 'account_quota_exceeded'),
  fault: failing('transient', 'server_fault', 'broker'),
  noAnswer: failing('outcome-unknown', 'no_answer'),
} as const;

export const security = (code: string): string => `error.security.${code}`;
export const exceeded = (code: string): string => `error.public-api.exceeded-${code}`;
