import type { DialectHost } from '../../core/dialect.ts';
import { userIdFor, type Apps, type Client } from './simulated-apps.ts';
import { makeToken, type IssuedToken } from './simulated-tokens.ts';
import { switched } from './simulated-switches.ts';

const DAY_MS = 86_400_000;

/** What the notifier webhook is sent, field by field. */
type NoticeBody = Readonly<Record<string, string>>;

/** Tokens on their way to the notifier URLs, and what strangers send there. */
export interface Notices {
  /** Posts a token, behind a forged notice where the switch `forgedWebhooks` asks for one. */
  deliver(client: Client, issued: IssuedToken): void;
  /** Posts a notice that Upstox never made; false: no such kind. */
  forge(client: Client, kind: string): boolean;
}

export function makeNotices(host: DialectHost, apps: Apps): Notices {
  const noticeOf = ({ clientId }: Client, { token, userId, expiresAt }: IssuedToken): NoticeBody => ({
    client_id: clientId,
    user_id: userId,
    access_token: token,
    token_type: 'Bearer',
    expires_at: String(expiresAt),
    issued_at: String(host.clock.now()),
    message_type: 'access_token',
  });

  /** Fields as they should be, one thing wrong, and a token that no call honours. */
  const forged = (client: Client, kind: string): NoticeBody | undefined => {
    const stranger = makeToken(host, client.userId, false);
    const notice = noticeOf(client, stranger);
    switch (kind) {
      case 'wrong client':
        return { ...notice, client_id: `${client.clientId}-not` };
      case 'wrong user':
        return noticeOf(client, makeToken(host, userIdFor(`${client.clientId} a stranger`), false));
      case 'bad times':
        return { ...notice, expires_at: String(stranger.expiresAt + DAY_MS) };
      case 'dead token':
        return notice;
      default:
        return undefined;
    }
  };

  const post = (client: Client, body: NoticeBody): void => {
    const url = URL.parse(apps.notifierOf(client) ?? '');
    if (!url) return;
    if (switched(host, 'webhookQueryKept') === 'off') url.search = '';
    host.post(url.href, body, {
      retries: switched(host, 'webhookRetries'),
      timeoutMs: switched(host, 'webhookTimeout') * 1000,
    });
  };

  const notices: Notices = {
    deliver(client, issued) {
      notices.forge(client, switched(host, 'forgedWebhooks'));
      const copies = switched(host, 'webhookDuplicates') === 'on' ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) post(client, noticeOf(client, issued));
    },
    forge(client, kind) {
      const body = forged(client, kind);
      if (body) post(client, body);
      return body !== undefined;
    },
  };
  return notices;
}
