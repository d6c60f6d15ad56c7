import { createHash } from 'node:crypto';
import type { DialectHost } from '../../core/dialect.ts';
import { switched } from './simulated-switches.ts';

/** An app as it is registered at the simulated Upstox. */
export interface Client {
  readonly clientId: string;
  /** Its user: whose phone rings, and whose login the dialog offers first. */
  readonly userId: string;
  /** Who else logs in through it: whether Upstox lets an app have several users is open. */
  readonly others?: readonly string[];
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
  /** Another login through this app. `first`: it is the app's own user from now on. */
  join(clientId: string, userId: string, as: 'first' | 'another'): void;
  /** The apps that an operator's words mean: a client id, a user id (then as that user's), or nothing for all. */
  named(words: string | undefined): readonly Client[];
  notifierOf(client: Client): string | undefined;
}

/** The user id a client gets where nobody said otherwise: always the same two letters and four digits. */
export function userIdFor(clientId: string): string {
  const bytes = createHash('sha256').update(clientId).digest();
  const letter = (at: number): string => String.fromCharCode(65 + ((bytes[at] ?? 0) % 26));
  return `${letter(0)}${letter(1)}${String(bytes.readUInt16BE(2) % 10_000).padStart(4, '0')}`;
}

/** Everybody who logs in through an app, its own user first. */
export const usersOf = ({ userId, others = [] }: Client): readonly string[] => [userId, ...others];

export function makeApps(host: DialectHost, first: Pick<Client, 'clientId' | 'userId'>): Apps {
  const blank = { redirectUri: undefined, notifierUrl: undefined };
  const clients = new Map<string, Client>([[first.clientId, { ...blank, ...first }]]);
  const of = (clientId: string): Client =>
    clients.get(clientId) ?? { ...blank, clientId, userId: userIdFor(clientId) };
  return {
    of,
    put: (client) => void clients.set(client.clientId, client),
    join: (clientId, userId, as) => {
      const known = of(clientId);
      const others = usersOf(known).filter((each) => each !== userId);
      const [user = userId, ...rest] = as === 'first' ? [userId, ...others] : [...others, userId];
      // The one that was made up for the app is nobody.
      const isMadeUp = (each: string): boolean => each === userIdFor(clientId);
      clients.set(clientId, { ...known, userId: user, others: rest.filter((each) => !isMadeUp(each)) });
    },
    named: (words) =>
      [...clients.values()].flatMap((client) => {
        if (words === undefined || words === client.clientId) return [client];
        return usersOf(client).includes(words) ? [{ ...client, userId: words }] : [];
      }),
    notifierOf: ({ notifierUrl }) => {
      const everybodys = switched(host, 'notifierUrl');
      return notifierUrl ?? (everybodys === 'none' ? undefined : everybodys);
    },
  };
}
