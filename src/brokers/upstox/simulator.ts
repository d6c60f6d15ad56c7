import type { DialectAnswer, DialectRequest, MakeDialect, Operation, Sample } from '../../core/dialect.ts';
import { ownerOf } from './account.ts';
import { cloudflarePage, exceptionDump, failure, profileOf, refusal, success } from './simulated-answers.ts';
import { makeApproval } from './simulated-approval.ts';
import { makeApps, usersOf } from './simulated-apps.ts';
import { answerCommand } from './simulated-commands.ts';
import { answerDialog } from './simulated-dialog.ts';
import { makeExchange } from './simulated-exchange.ts';
import { makeRateLimit } from './simulated-limits.ts';
import { makeNotices } from './simulated-notices.ts';
import { isClosedInIndia, makeTokens, type IssuedToken } from './simulated-tokens.ts';
import { switched } from './simulated-switches.ts';

/** The calls there are; the paths are Upstox' own. */
const operations: Readonly<Record<string, string>> = {
  'GET /v2/login/authorization/dialog': 'dialog',
  'POST /v2/login/authorization/dialog': 'dialog',
  'POST /v2/login/authorization/token': 'exchange',
  'GET /v2/user/profile': 'profile',
  'PUT /v2/user/ip': 'change-ip',
  'DELETE /v2/logout': 'logout',
};
const REQUEST_PATH = /^\/v3\/login\/auth\/token\/request\/([^/]+)$/;
/** Any other path: Upstox answers those, too. */
const UNKNOWN = 'unknown';
/** Calls that need no token; whether they count towards the limits is open. */
const loginCalls: readonly string[] = ['exchange', 'request'];

/** What an operator's `refuse` sounds like where the switch `refuseWith` names no codes. */
const refusals: Readonly<Record<string, string>> = {
  dialog: 'UDAPI100068',
  exchange: 'UDAPI100057',
  request: 'UDAPI100069',
};

const entry = {
  broker: 'upstox',
  username: 'MU0001',
  clientId: '00000000-0000-4000-8000-00000000000a',
  clientSecret: 'made-up-app-secret',
  redirectUri: 'https://app.example/callback',
  userId: 'MU0001',
};
const sample: Sample = {
  entry,
  wrong: { ...entry, clientSecret: 'made-up-wrong-secret' },
  secrets: ['made-up-app-secret', 'made-up-wrong-secret'],
};

/**
 * Upstox' logins: dialog and exchange, request, approval and webhook, profile and logout, with 03:30
 * IST on the host's clock. Switches and commands are listed in README.md.
 */
export const upstoxDialect: MakeDialect = (host) => {
  const apps = makeApps(host, { clientId: entry.clientId, userId: entry.userId });
  const tokens = makeTokens(host);
  const exchange = makeExchange(host, apps, tokens);
  const notices = makeNotices(host, apps);
  const approval = makeApproval(host, apps, tokens, notices);
  const rateLimit = makeRateLimit(host);

  const bearer = (request: DialectRequest): string =>
    /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const holder = (request: DialectRequest): IssuedToken | undefined => {
    const found = tokens.find(bearer(request));
    return found && host.clock.now() < found.expiresAt ? found : undefined;
  };
  const isLimited = ({ name, username }: Operation): boolean => {
    const counts = !loginCalls.includes(name) || switched(host, 'loginSharesRateLimit') === 'on';
    return username !== undefined && counts && rateLimit.isOver(username);
  };

  const answer = (request: DialectRequest, operation: Operation): DialectAnswer => {
    const edge = cloudflarePage(host);
    if (edge) return edge;
    if (operation.name === UNKNOWN) return failure(host, 404, 'UDAPI100060');
    if (operation.name === 'dialog') return answerDialog(host, apps, request, exchange.issueCode);
    if (switched(host, 'serviceHours') !== 'off' && isClosedInIndia(host.clock.now())) {
      return failure(host, 423, 'UDAPI100072');
    }
    if (isLimited(operation)) {
      exchange.burn(operation);
      return failure(host, 429, 'UDAPI10005');
    }
    if (operation.name === 'exchange') return exchange.answer(request, operation);
    if (operation.name === 'request') return approval.answer(request, clientIdOf(request) ?? '');
    // Which calls it may read is not known to the last: none of those that are played here is for it.
    if (tokens.findExtended(bearer(request))) return failure(host, 403, 'UDAPI100067');
    return answerHolder(operation, holder(request));
  };

  const answerHolder = ({ name }: Operation, held: IssuedToken | undefined): DialectAnswer => {
    if (!held) return name === 'logout' ? exceptionDump : failure(host, 401, 'UDAPI100050');
    if (name === 'profile') return success(profileOf(held.userId));
    if (name === 'logout') {
      tokens.kill(held.token);
      return success(true);
    }
    tokens.killAll(held.userId);
    return success({ access_tokens_invalidated: true });
  };

  return {
    sample,
    demo: (callbackUrl) => ({
      // Whoever tries it in India's night or at a weekend is asked, too.
      settings: { UPSTOX_APPROVAL_TIME: 'always' },
      entries: [
        {
          broker: 'upstox',
          name: 'UPSTOX_DEMO',
          clientId: 'made-up-app-of-upstox-demo',
          clientSecret: 'made-up-app-secret',
          redirectUri: callbackUrl,
        },
      ],
    }),
    introduce(login) {
      const owner = ownerOf(login);
      if (owner) apps.join(owner.clientId, owner.userId, 'first');
    },
    identify(request) {
      const asked = request.method === 'POST' ? clientIdOf(request) : undefined;
      if (asked !== undefined) return { name: 'request', username: apps.of(asked).userId };
      const name = operations[`${request.method} ${request.path}`];
      if (name === undefined) return { name: UNKNOWN };
      if (name !== 'dialog' && name !== 'exchange') {
        const username = tokens.find(bearer(request))?.userId;
        return username === undefined ? { name } : { name, username };
      }
      const sent = name === 'dialog' ? request.query : new URLSearchParams(request.body);
      const clientId = sent.get('client_id');
      const code = name === 'exchange' ? sent.get('code') : null;
      const users = clientId ? usersOf(apps.of(clientId)) : [];
      const who = code ? exchange.userOf(code) : undefined;
      const username = users.find((each) => each === who) ?? users[0];
      return { name, ...(username !== undefined && { username }), ...(code ? { spends: code } : {}) };
    },
    answer,
    refuse: (operation) => {
      exchange.burn(operation);
      const wanted = switched(host, 'refuseWith');
      const codes = wanted === 'none' ? [] : wanted.split(/[\s,]+/).filter(Boolean);
      if (codes.length > 0) return refusal(host, codes);
      return operation.name === 'logout'
        ? exceptionDump
        : refusal(host, [refusals[operation.name] ?? 'UDAPI100050']);
    },
    throttle: (operation) => {
      exchange.burn(operation);
      return failure(host, 429, 'UDAPI10005');
    },
    command: (name, argument) =>
      answerCommand({ apps, tokens, approval, notices, rateLimit }, name, argument),
  };
};

function clientIdOf({ path }: DialectRequest): string | undefined {
  const sent = REQUEST_PATH.exec(path)?.[1];
  try {
    return sent && decodeURIComponent(sent);
  } catch {
    return sent;
  }
}
