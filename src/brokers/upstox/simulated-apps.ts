import { createHash } from 'node:crypto';
import type { DialectHost } from '../../core/dialect.ts';

/** An app as it is registered at the simulated Upstox. */
export interface Client {
  readonly clientId: string;
  /** Its user: whose login the dialog shows, and whose phone rings. */
  readonly userId: string;
  /** Undefined until the first visit brings one. */
  readonly redirectUri: string | undefined;
  /** Where tokens are posted to; undefined: where the switch `notifierUrl` says. */
  readonly notifierUrl: string | undefined;
}

/** The apps there are. Whoever comes first is registered, so that a demo needs no registration of its own. */
export interface Apps {
  /** The app as it is known, or as its first visit would register it. */
  of(clientId: string): Client;
  put(client: Client): void;
  /** The apps that an operator's words mean: a client id, a user id, or nothing for all. */
  named(words: string | undefined): readonly Client[];
  notifierOf(client: Client): string | undefined;
}

/** The user id a client gets where nobody said otherwise: always the same two letters and four digits. */
export function userIdFor(clientId: string): string {
  const bytes = createHash('sha256').update(clientId).digest();
  const letter = (at: number): string => String.fromCharCode(65 + ((bytes[at] ?? 0) % 26));
  return `${letter(0)}${letter(1)}${String(bytes.readUInt16BE(2) % 10_000).padStart(4, '0')}`;
}

export function makeApps(host: DialectHost, first: Pick<Client, 'clientId' | 'userId'>): Apps {
  const blank = { redirectUri: undefined, notifierUrl: undefined };
  const clients = new Map<string, Client>([[first.clientId, { ...blank, ...first }]]);
  return {
    of: (clientId) => clients.get(clientId) ?? { ...blank, clientId, userId: userIdFor(clientId) },
    put: (client) => void clients.set(client.clientId, client),
    named: (words) =>
      [...clients.values()].filter(
        ({ clientId, userId }) => words === undefined || words === clientId || words === userId,
      ),
    notifierOf: ({ notifierUrl }) => {
      const everybodys = host.switch<string>('notifierUrl', '');
      return notifierUrl ?? (everybodys === '' ? undefined : everybodys);
    },
  };
}
