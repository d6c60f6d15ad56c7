import type { Approval } from './simulated-approval.ts';
import type { Apps } from './simulated-apps.ts';
import type { RateLimit } from './simulated-limits.ts';
import type { Notices } from './simulated-notices.ts';
import type { Tokens } from './simulated-tokens.ts';

export interface Commanded {
  readonly apps: Apps;
  readonly tokens: Tokens;
  readonly approval: Approval;
  readonly notices: Notices;
  readonly rateLimit: RateLimit;
}

/** What an operator may tell this broker (README.md); undefined: no such command. */
export function answerCommand(
  { apps, tokens, approval, notices, rateLimit }: Commanded,
  name: string,
  argument: string | undefined,
): unknown {
  const [first, ...rest] = (argument ?? '').split(' ').filter(Boolean);
  const meant = apps.named(first);
  switch (name) {
    case 'register': {
      const [userId, redirectUri] = rest;
      if (first === undefined || userId === undefined) return undefined;
      apps.put({ clientId: first, userId, redirectUri, notifierUrl: undefined });
      return { clientId: first, userId };
    }
    case 'join': {
      const [userId] = rest;
      if (first === undefined || userId === undefined) return undefined;
      apps.join(first, userId, 'another');
      return { clientId: first, userId };
    }
    case 'notifier': {
      const [notifierUrl] = rest;
      if (first === undefined) return undefined;
      apps.put({ ...apps.of(first), notifierUrl });
      return { clientId: first, notifier: notifierUrl !== undefined };
    }
    case 'approve':
      return { approved: approval.approve(meant) };
    case 'reject':
      return { rejected: approval.reject(meant) };
    case 'approve-late':
      return { approved: approval.approveLate(meant) };
    case 'forge':
      return { forged: meant.filter((client) => notices.forge(client, rest.join(' '))).length };
    case 'other-calls': {
      const count = Number(rest[0] ?? 1);
      for (const { userId } of meant) rateLimit.add(userId, count, Number(rest[1] ?? 1));
      return { added: meant.length * count };
    }
    case 'change-ip':
      return { expired: meant.reduce((sum, { userId }) => sum + tokens.killAll(userId), 0) };
    case 'expire-all':
      return { expired: tokens.killAll() };
    default:
      return undefined;
  }
}
