import type { DialectAnswer, DialectHost, DialectRequest } from '../../core/dialect.ts';
import { failure, success, UNKNOWN_CODE } from './simulated-answers.ts';
import type { Apps, Client } from './simulated-apps.ts';
import type { Notices } from './simulated-notices.ts';
import { nextHalfPastThree, type Tokens } from './simulated-tokens.ts';
import { switched } from './simulated-switches.ts';

/** The V3 request, and the person whose phone it rings. */
export interface Approval {
  answer(request: DialectRequest, clientId: string): DialectAnswer;
  /** The person's answer to the open requests of these apps; how many there were. */
  approve(clients: readonly Client[]): number;
  /** No answer ever: only the end of the window tells. */
  reject(clients: readonly Client[]): number;
  /** A token for each of these apps, though nobody waits for it. */
  approveLate(clients: readonly Client[]): number;
}

export function makeApproval(host: DialectHost, apps: Apps, tokens: Tokens, notices: Notices): Approval {
  /** Until when each app's user may answer. */
  const windows = new Map<string, number>();
  const asked = new Map<string, readonly number[]>();

  const isOpen = ({ clientId }: Client): boolean => host.clock.now() < (windows.get(clientId) ?? 0);
  const close = (clients: readonly Client[]): readonly Client[] => {
    const open = clients.filter(isOpen);
    for (const { clientId } of open) windows.delete(clientId);
    return open;
  };
  const hand = (clients: readonly Client[]): number => {
    for (const client of clients) notices.deliver(client, tokens.issue(client.userId));
    return clients.length;
  };

  /** Whose secret is wrong learns nothing else. */
  const refusedBefore = (client: Client, secret: string, today: number): DialectAnswer | undefined => {
    if (secret === '') return failure(host, 400, 'UDAPI1024');
    if (!host.accepts(client.clientId, secret)) return failure(host, 401, 'UDAPI100069');
    if (apps.notifierOf(client) === undefined) return failure(host, 400, 'UDAPI1123');
    const most = switched(host, 'v3RequestsPerDay');
    if (most !== 'none' && today >= most) return failure(host, 429, 'UDAPI10005');
    const isSecond = isOpen(client) && switched(host, 'secondRequest') === 'error';
    return isSecond ? failure(host, 400, UNKNOWN_CODE) : undefined;
  };

  return {
    answer(request, clientId) {
      const now = host.clock.now();
      const client = apps.of(clientId);
      apps.put(client);
      const today = (asked.get(clientId) ?? []).filter((at) => nextHalfPastThree(at) > now);
      const refused = refusedBefore(client, secretOf(request), today.length);
      if (refused) return refused;
      asked.set(clientId, [...today, now]);
      const until = nextHalfPastThree(now);
      windows.set(clientId, until);
      const written = { text: String(until), number: until, absent: undefined };
      const expiry = written[switched(host, 'authorizationExpiry')];
      return success({ authorization_expiry: expiry, notifier_url: apps.notifierOf(client) });
    },
    approve: (clients) => hand(close(clients)),
    reject: (clients) => close(clients).length,
    approveLate: (clients) => {
      close(clients);
      return hand(clients);
    },
  };
}

/** The secret of a JSON body; a form is not taken. */
function secretOf({ headers, body }: DialectRequest): string {
  if (!(headers['content-type'] ?? '').startsWith('application/json')) return '';
  try {
    const sent: unknown = JSON.parse(body);
    const secret: unknown = typeof sent === 'object' && sent !== null && Reflect.get(sent, 'client_secret');
    return typeof secret === 'string' ? secret : '';
  } catch {
    return '';
  }
}
