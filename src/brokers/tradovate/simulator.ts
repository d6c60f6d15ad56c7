import { z } from 'zod';
import type { DialectAnswer, DialectRequest, MakeDialect } from '../../core/dialect.ts';
import { makeQuotas } from './simulator-limits.ts';
import { makeLogins } from './simulator-logins.ts';
import { makePenalties } from './simulator-penalties.ts';
import { makeReads } from './simulator-reads.ts';
import { makeSessions } from './simulator-sessions.ts';
import { throttled, wrongBridge, wrongNative } from './simulator-words.ts';
import { switched } from './simulator-switches.ts';

/** The calls there are. Paths come in camel and in lower case; a renewal by POST is an older swagger's. */
const operations: Readonly<Record<string, string>> = {
  'POST /authorize': 'authorize',
  'GET /accounts': 'bridge-accounts',
  'GET /accounts/#/state': 'bridge-data',
  'GET /accounts/#/orders': 'bridge-data',
  'GET /accounts/#/positions': 'bridge-data',
  'GET /quotes': 'bridge-data',
  'POST /v1/auth/accesstokenrequest': 'access-token-request',
  'GET /v1/auth/renewaccesstoken': 'renew',
  'POST /v1/auth/renewaccesstoken': 'renew',
  'GET /v1/auth/me': 'me',
  'GET /v1/account/list': 'account-list',
};

const wantedAnswer = z.strictObject({
  operation: z.string(),
  status: z.int().min(200).max(599).default(200),
  body: z.json().optional(),
});

/**
 * Tradovate's two logins, its renewal and the reads that prove a token. What no document settles is a
 * switch, its default a guess; they are listed in README.md.
 */
export const tradovateDialect: MakeDialect = (host) => {
  const sessions = makeSessions(host);
  const penalties = makePenalties(host);
  const quotas = makeQuotas(host);
  const logins = makeLogins(host, sessions, penalties);
  const reads = makeReads(host, sessions, penalties);
  /** Answers that an operator wants next, by operation. */
  const wanted: z.output<typeof wantedAnswer>[] = [];

  const play: Readonly<Record<string, (request: DialectRequest) => DialectAnswer>> = {
    authorize: logins.bridge,
    'access-token-request': logins.native,
    renew: reads.renew,
    me: reads.me,
    'account-list': reads.accountList,
    'bridge-accounts': reads.bridgeAccounts,
    'bridge-data': reads.bridgeData,
  };

  const commands: Readonly<Record<string, (argument: string | undefined) => unknown>> = {
    'expire-all': (username) => ({ closed: sessions.closeAll(username) }),
    evict: (username = '') => ({ closed: sessions.closeOldest(username) }),
    sessions: (username = '') => ({ alive: sessions.count(username) }),
    captcha: (egress = 'default') => {
      penalties.wantCaptcha(egress);
      return { wanted: true };
    },
    'fail-logins': (times = '5') => {
      penalties.count('login', 'default', Number(times));
      return { counted: Number(times) };
    },
    'forget-penalties': () => {
      penalties.forget();
      quotas.forget();
      return { forgotten: true };
    },
    'user-status': (argument = '') => {
      // Its enum is misspelled in the only source: switch `lockedStatus` writes it otherwise.
      const locked = switched(host, 'lockedStatus');
      const [username = '', status = locked] = argument.split(' ');
      logins.setStatus(username, status);
      return { status };
    },
    'approve-devices': (username) => ({ approved: logins.approveDevices(username) }),
    answer: (argument = '') => {
      wanted.push(wantedAnswer.parse(JSON.parse(argument)));
      return { waiting: wanted.length };
    },
  };

  return {
    sample: {
      entry: { username: 'USER_000000', password: 'made-up & + % # = @ / secret' },
      wrong: { username: 'USER_000000', password: 'made-up & wrong secret' },
      secrets: ['made-up & + % # = @ / secret', 'made-up & wrong secret'],
    },
    demo: () => ({
      entries: ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO', 'FOXTROT', 'GOLF'].map((name) => ({
        username: `DESK_${name}`,
        password: `made-up-${name.toLowerCase()}`,
        ...(name === 'ALPHA' && { accounts: ['DESK_ALPHA_EVAL_1', 'DESK_ALPHA_EVAL_2'] }),
      })),
      // A minute and a half instead of eighty: the demo shows refreshes, not patience.
      switches: { lifetimeSeconds: 90 },
    }),
    identify: (request) => {
      const path = request.path.toLowerCase().replace(/^(\/accounts)\/[^/]+\//, '$1/#/');
      const name = operations[`${request.method} ${path}`];
      if (name === undefined) return undefined;
      const isLogin = name === 'authorize' || name === 'access-token-request';
      const username = isLogin ? logins.usernameOf(request) : reads.tokenOf(request)?.session.username;
      return username ? { name, username } : { name };
    },
    answer: (request, { name }) => {
      const next = wanted.findIndex(({ operation }) => operation === name);
      const [told] = next < 0 ? [] : wanted.splice(next, 1);
      if (told) return { status: told.status, ...(told.body !== undefined && { body: told.body }) };
      const username = reads.tokenOf(request)?.session.username;
      const inNetwork = { ...request, egress: networkOf(request.egress) };
      const authenticates = ['authorize', 'access-token-request', 'renew'].includes(name);
      const spent = quotas.spend({ egress: inNetwork.egress, username, authenticates });
      return spent ?? play[name]?.(inNetwork) ?? { status: 404 };
    },
    refuse: ({ name }) => {
      if (name === 'authorize') return wrongBridge(host);
      return name === 'access-token-request' ? wrongNative(host) : { status: 401 };
    },
    throttle: ({ name }) => throttled(host, name),
    command: (name, argument) => commands[name]?.(argument),
  };
};

/** Limits count by /24: an address stands for its network, any other word for itself. */
function networkOf(egress: string): string {
  return /^(\d+\.\d+\.\d+)\.\d+$/.exec(egress)?.[1] ?? egress;
}
