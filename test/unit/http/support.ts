import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../../src/core/clock.ts';
import type { Log } from '../../../src/core/log.ts';
import type { AccountStatus } from '../../../src/core/status.ts';
import { makeAccess, type Access } from '../../../src/http/access.ts';
import { mainApp } from '../../../src/http/app.ts';
import type { HttpContext, MetricsText } from '../../../src/http/context.ts';
import type { Desk } from '../../../src/http/desk.ts';
import { knownHosts } from '../../../src/http/hosts.ts';
import { readAssets } from '../../../src/http/page/assets.ts';

export const NOW = Date.parse('2026-11-20T10:00:00.000Z');
export const ADMIN_TOKEN = 'made-up-admin-token';
export const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** An account whose token is good for an hour; `changes` makes it another. */
export function account(name: string, changes: Partial<AccountStatus> = {}): AccountStatus {
  return {
    valid: true,
    time_remaining_seconds: 3600,
    time_remaining_hours: 1,
    expiry_time: '2026-11-20T11:00:00.000Z',
    needs_refresh: false,
    message: 'The token is good.',
    detail: null,
    api_validated: null,
    name,
    username: name,
    broker: 'alpha',
    environment: 'demo',
    state: 'fresh',
    generation: 3,
    token_type: 'Bearer',
    scope: null,
    issued_at: '2026-11-20T09:30:00.000Z',
    last_refresh: '2026-11-20T09:30:00.000Z',
    next_refresh: '2026-11-20T10:42:00.000Z',
    reason: 'fresh',
    last_error: null,
    attempts: 0,
    sub_accounts: [],
    person_needed: false,
    can_be_asked: false,
    no_refresh_before: null,
    ...changes,
  };
}

/** One that has no token and waits for something. */
export const without = (
  name: string,
  state: AccountStatus['state'],
  changes: Partial<AccountStatus> = {},
): AccountStatus =>
  account(name, {
    valid: false,
    time_remaining_seconds: 0,
    time_remaining_hours: 0,
    expiry_time: null,
    issued_at: null,
    generation: null,
    state,
    ...changes,
  });

export const fakeMetrics: MetricsText = {
  contentType: 'text/plain; version=0.0.4',
  text: () => Promise.resolve('# no metrics here\n'),
};

/** A service in which all is well; `changes` makes it another. */
export function fakeDesk(accounts: readonly AccountStatus[], changes: Partial<Desk> = {}): Desk {
  return {
    accounts: async () => accounts,
    account: async (name) => accounts.find((one) => one.name === name),
    listen: () => () => undefined,
    silences: async () => [],
    readiness: async () => ({ ready: true, reasons: [], details: [] }),
    plan: async (hours) => ({
      hours,
      from: NOW,
      budgets: [],
      refreshes: [],
      total: 0,
      counts: [],
      slots: new Map(),
    }),
    lackingRoom: async () => new Map(),
    requestRefresh: async (name) =>
      accounts.some((one) => one.name === name)
        ? { outcome: 'started', message: `A refresh of ${name} starts.` }
        : { outcome: 'unknown-name', message: `There is no account ${name}.` },
    ask: async (name) =>
      accounts.some((one) => one.name === name)
        ? { outcome: 'asked', message: `${name} is asked.`, until: '2026-11-20T22:00:00.000Z' }
        : { outcome: 'unknown-name', message: `There is no account ${name}.` },
    lastDays: async () => new Map(),
    explain: async () => undefined,
    noteAct: async () => undefined,
    intervene: async (what, name) =>
      accounts.some((one) => one.name === name)
        ? { outcome: 'done', message: `${what} of ${name}.`, state: 'paused', until: null }
        : { outcome: 'unknown-name', message: `There is no account ${name}.` },
    takeNotice: async (_, secret) => (secret === 'good' ? { outcome: 'taken' } : { outcome: 'unknown-path' }),
    beginConsent: async (broker, name) =>
      accounts.some((one) => one.name === name && one.broker === broker && one.person_needed)
        ? new URL('https://broker.example/dialog?client_id=made-up&state=one-time')
        : undefined,
    finishConsent: async () => ({ outcome: 'unknown-state', message: 'Ask for a new link.' }),
    ticketIsGood: (_broker, _name, ticket) => ticket === 'good-ticket',
    ...changes,
  };
}

/** A clock that a test moves; sleeps end when it passes them. */
export function fakeClock(): Clock & { move(ms: number): void } {
  let now = NOW;
  const sleepers = new Set<{ readonly at: number; wake(): void }>();
  return {
    now: () => now,
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        const sleeper = { at: now + delayMs, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          resolve();
        });
      }),
    move: (ms) => {
      now += ms;
      for (const sleeper of sleepers) if (sleeper.at <= now) sleeper.wake();
    },
  };
}

export interface Logged {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A log that keeps what it is told. */
export function fakeLog(): Log & { readonly lines: Logged[]; text(): string } {
  const lines: Logged[] = [];
  const keep = (level: string) => (fields: Logged['fields'], message: string) => {
    lines.push({ level, fields, message });
  };
  return {
    lines,
    text: () =>
      lines
        .map(({ fields, message }) => `${message} ${Object.values(fields).map(String).join(' ')}`)
        .join('\n'),
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
  };
}

export interface Served {
  readonly app: FastifyInstance;
  readonly access: Access;
  readonly log: ReturnType<typeof fakeLog>;
  readonly clock: ReturnType<typeof fakeClock>;
  /** A `Cookie` header of somebody who is signed in. */
  readonly cookie: () => { readonly cookie: string };
}

/** The main listener's routes over a fake service. */
export async function serve(
  desk: Desk,
  more: {
    readonly callbackPaths?: readonly string[];
    readonly publicUrl?: string;
    readonly remarks?: readonly string[];
  } = {},
): Promise<Served> {
  const clock = fakeClock();
  const log = fakeLog();
  const access = makeAccess(ADMIN_TOKEN, clock);
  const app = await mainApp(
    await contextOf(desk, { clock, log, access }, more),
    false,
    () => new Set(more.callbackPaths),
  );
  return {
    app,
    access,
    log,
    clock,
    cookie: () => ({ cookie: `${access.cookieName}=${access.openSession().value}` }),
  };
}

export async function contextOf(
  desk: Desk,
  parts: Pick<HttpContext, 'clock' | 'log' | 'access'>,
  more: { readonly publicUrl?: string; readonly remarks?: readonly string[] } = {},
): Promise<HttpContext> {
  const publicUrl = new URL(more.publicUrl ?? 'http://localhost:8000');
  return {
    desk,
    ...parts,
    assets: await readAssets(),
    version: '0.0.0-test',
    publicUrl,
    pageUrl: publicUrl,
    knowsHost: knownHosts([publicUrl], '127.0.0.1', []),
    metrics: fakeMetrics,
    settings: [{ name: 'EGRESS_ID', value: 'default' }],
    titleOf: (broker) => broker.charAt(0).toUpperCase() + broker.slice(1),
    remarks: () => more.remarks ?? [],
  };
}
