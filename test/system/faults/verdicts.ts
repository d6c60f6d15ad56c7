import type { Heard } from '../../support/discord.ts';
import type { LedgerEntry } from '../../../src/simulator/index.ts';
import type { Fault } from './bots.ts';
import type { Desk } from './desk.ts';
import { brokerOf, loginOf, nameOf } from './entries.ts';

/*
 * What the brokers' own ledger says about a run. The service is not asked.
 */

/** So many logins without an outcome follow each other freely. */
const FREE_UNKNOWN = 3;
/** So many sessions a login may have at Tradovate. */
const SESSIONS = 2;

const logins = new Set(['login', 'authorize', 'access-token-request', 'exchange']);

/** All calls that gave, or tried, a password or a code for this account. */
export function loginsOf(desk: Desk, name: string): readonly LedgerEntry[] {
  const entry = desk.entries.find((each) => nameOf(each) === name);
  const username = entry ? loginOf(entry) : name;
  return desk.simulator.calls({ username }).filter(({ operation }) => logins.has(operation));
}

/** Single-use secrets that reached a broker more than once. */
export function sentTwice(desk: Desk): readonly string[] {
  const seen = new Set<string>();
  return desk.simulator.calls().flatMap(({ broker, operation, username, spent }) => {
    if (spent === undefined || operation === 'dialog') return [];
    const key = `${broker} ${spent}`;
    if (seen.has(key)) return [`${broker} ${operation} of ${username}`];
    seen.add(key);
    return [];
  });
}

/** Until when after a grant a login is one too many, as a share of the token's life. */
const TOO_EARLY = {
  /** The next login is due at 52 to 60 % of a short life, which ends on a full second. */
  signsIn: 0.4,
  /** A renewal was due; a login is right only where the token has died meanwhile. */
  renews: 0.85,
} as const;

/**
 * Logins of an account that its tokens' age does not explain. Without `how` it renews for ever, so that
 * every login but the first is one too many.
 */
export function extraLogins(
  desk: Desk,
  name: string,
  how?: { readonly lifeMs: number; readonly way: keyof typeof TOO_EARLY },
): readonly LedgerEntry[] {
  const all = loginsOf(desk, name);
  const grants = [...all, ...desk.simulator.calls({ operation: 'renew', username: name })];
  const tooEarlyMs = how ? TOO_EARLY[how.way] * how.lifeMs : Infinity;
  return all.filter(({ startedAt, n }) =>
    grants.some((before) => before.n < n && before.effect && startedAt - before.startedAt < tooEarlyMs),
  );
}

/**
 * True where the broker itself had ended the token: of two sessions it closes the oldest for a third one, so
 * that two logins that die with their process take the token away that is served.
 */
export function isDisplaced(desk: Desk, { at, name }: Fault, lifeMs: number): boolean {
  const from = Date.parse(at) - lifeMs;
  const opened = loginsOf(desk, name).filter(({ effect, startedAt }) => effect && startedAt >= from);
  return opened.length > SESSIONS;
}

/** Attempts that a dead process left open in the records: `<account> <started at>` by the process' id. */
export async function openAttempts(desk: Desk, pid: number): Promise<readonly string[]> {
  const found = await Promise.all(
    desk.names.map(async (name) => {
      const attempt = await desk.redis.hget(`refresher:account:${name}`, 'attempt');
      return attempt !== null && attempt.includes(`:${pid}:`) ? [name] : [];
    }),
  );
  return found.flat();
}

/** Accounts of whose last logins so many had no outcome that anybody knows that the next one waits a quarter of an hour. */
export async function pacedAccounts(desk: Desk): Promise<readonly string[]> {
  const found = await Promise.all(
    desk.names.map(async (name) => {
      const unknown = (await desk.redis.hget(`refresher:account:${name}`, 'unknownSignIns')) ?? '[]';
      return (JSON.parse(unknown) as readonly number[]).length >= FREE_UNKNOWN ? [name] : [];
    }),
  );
  return found.flat();
}

/** Accounts that nothing is planned for. */
export async function withoutNextAction(desk: Desk): Promise<readonly string[]> {
  const due = await Promise.all(
    desk.entries.map((entry) => desk.redis.zscore(`refresher:due:${brokerOf(entry)}`, nameOf(entry))),
  );
  return desk.names.filter((_, i) => due[i] === null);
}

/** One message's life: which cause, and whether it was closed. */
export interface Incident {
  /** `broker:code`. */
  readonly cause: string;
  readonly openedAt: string;
  readonly opens: number;
  readonly closes: number;
  /** When Discord was told that it opened, or closed, ms. */
  readonly toldAt: readonly number[];
}

interface Said {
  readonly content: string;
  readonly embeds: readonly { readonly footer: { readonly text: string }; readonly timestamp: string }[];
}

/** The incidents that Discord was told of, in order. A close belongs to the last open one of its cause. */
export function incidentsOf(desk: Desk): readonly Incident[] {
  const incidents: (Omit<Incident, 'toldAt'> & { opens: number; closes: number; toldAt: number[] })[] = [];
  for (const heard of desk.discord.heard) {
    if (heard.method !== 'POST' && heard.method !== 'PATCH') continue;
    const { content, embeds } = saidIn(heard);
    const { footer, timestamp = '' } = embeds[0] ?? {};
    const cause = footer?.text ?? '';
    const isClose = heard.method === 'POST' && / recovered after /.test(content);
    const isOver = /: over: /.test(content);
    const last = incidents.findLast((each) => each.cause === cause);
    if (isClose || (isOver && heard.method === 'PATCH')) {
      if (last) {
        last.closes += isClose || last.closes === 0 ? 1 : 0;
        if (isClose) last.toldAt.push(heard.at);
      } else incidents.push({ cause, openedAt: '', opens: 0, closes: 1, toldAt: [heard.at] });
    } else if (heard.method === 'POST') {
      if (last?.openedAt === timestamp) {
        last.opens += 1;
        last.toldAt.push(heard.at);
      } else
        incidents.push({ cause, openedAt: timestamp, opens: 1, closes: isOver ? 1 : 0, toldAt: [heard.at] });
    }
  }
  return incidents;
}

/** From Discord's answer to the note of it, at most, also where the machine is busy, ms. */
const NOTED_MS = 3_000;

/** Incidents that opened or closed more often than a kill between Discord's answer and the note of it explains. */
export function saidTwice(desk: Desk, killedAt: readonly number[]): readonly Incident[] {
  return incidentsOf(desk).filter(({ opens, closes, toldAt }) => {
    const excused = toldAt.filter((told) => killedAt.some((at) => at > told - 100 && at - told < NOTED_MS));
    return Math.max(0, opens - 1) + Math.max(0, closes - 1) > excused.length;
  });
}

const saidIn = (heard: Heard): Said => JSON.parse(heard.body) as Said;
