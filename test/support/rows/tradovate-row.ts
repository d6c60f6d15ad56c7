import type { RawEntry } from '../../../src/core/broker.ts';
import type { ErrorKind, ErrorScope } from '../../../src/core/errors.ts';
import type { FaultRule } from '../../../src/simulator/index.ts';
import type { Stage } from './stage.ts';

/** One signal on the wire, and what it is taken for. */
export interface ErrorRow {
  /** As the broker's table of errors has it. */
  readonly name: string;
  readonly entry: RawEntry;
  /** Makes the simulator say it. For a sign-in before it; else once the account has a session. */
  readonly arrange: (simulator: Stage) => void;
  readonly during: 'sign-in' | 'renewal' | 'proof' | 'discovery';
  /** True where no answer comes: the caller's deadline has to end it. */
  readonly stalls?: boolean;
  readonly expect: {
    readonly kind: ErrorKind;
    readonly code: string;
    readonly scope: ErrorScope;
    readonly retryAfterMs?: number;
  };
  /** True where the next call of the account has something to bring along. */
  readonly carries?: boolean;
}

export const HOUR_MS = 3_600_000;
const key = { appId: 'Desk', appVersion: '1.0', deviceId: 'made-up-device', cid: 1234, sec: 'made-up-sec' };

/** Made-up logins: by the bridge, by the bridge with renewals, by the API. */
export const bridge: RawEntry = { username: 'USER_BRIDGE', password: 'made-up & + % # = @ / ü secret' };
export const renewing: RawEntry = { ...bridge, username: 'USER_RENEW', renew: true };
export const api: RawEntry = {
  username: 'USER_API',
  password: 'made-up & + % # = @ / ü secret',
  login: 'api',
  api: key,
};
export const apiWith = (more: object): RawEntry => ({ ...api, api: { ...key, ...more } });
export const wrong = (entry: RawEntry): RawEntry => ({ ...entry, password: 'made-up wrong secret' });

export type Arrange = ErrorRow['arrange'];
export const nothing: Arrange = () => undefined;
export const all =
  (...steps: readonly Arrange[]): Arrange =>
  (simulator) => {
    for (const step of steps) step(simulator);
  };
/** A switch of the simulator. */
export const set =
  (name: string, value: unknown): Arrange =>
  (simulator) =>
    simulator.setSwitch('tradovate', name, value);
export const tell =
  (name: string, argument?: string): Arrange =>
  (simulator) =>
    void simulator.command('tradovate', name, argument);
export const answer = (operation: string, status: number, body?: unknown): Arrange =>
  tell('answer', JSON.stringify({ operation, status, body }));
export const fault =
  (kind: FaultRule['kind'], status?: number): Arrange =>
  (simulator) =>
    void simulator.fault({ broker: 'tradovate', kind, times: 1, ...(status !== undefined && { status }) });
/** It takes effect, and the answer comes when nobody waits for it any more. */
export const late: Arrange = (simulator) =>
  void simulator.fault({ broker: 'tradovate', kind: 'slow', ms: 60_000, times: 1 });

export const person = (code: string): ErrorRow['expect'] => ({ kind: 'needs-human', code, scope: 'account' });
export const silence = (
  code: string,
  retryAfterMs = HOUR_MS,
  scope: ErrorScope = 'egress',
): ErrorRow['expect'] => ({
  kind: 'throttled',
  code,
  scope,
  retryAfterMs,
});
export const unclear = (code: string, scope: ErrorScope = 'account'): ErrorRow['expect'] => ({
  kind: 'outcome-unknown',
  code,
  scope,
});
export const refused = (code: string): ErrorRow['expect'] => ({ kind: 'refused', code, scope: 'account' });
export const down: ErrorRow['expect'] = { kind: 'transient', code: 'server_fault', scope: 'broker' };

export const ERROR_ID = 'Internal Server Error, error id: 5f0c0000-0000-4000-8000-000000000009';
