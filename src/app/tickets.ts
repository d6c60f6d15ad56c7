/** How long a link in an alert may be used, ms: it only leads to the broker's own login, over a long weekend too. */
const TICKET_MS = 7 * 24 * 60 * 60_000;

export interface Tickets {
  issue(broker: string, name: string, now: number): string;
  isGood(broker: string, name: string, ticket: string, now: number): boolean;
}

/** Signed, time-bound tickets: a link in an alert works without a sign-in, for one account, for a week. */
export function makeTickets(
  sign: (text: string) => string,
  same: (a: string, b: string) => boolean,
): Tickets {
  const signed = (broker: string, name: string, until: number): string =>
    sign(`ticket ${broker} ${name} ${until}`);
  return {
    issue(broker, name, now) {
      const until = now + TICKET_MS;
      return `${until}.${signed(broker, name, until)}`;
    },
    isGood(broker, name, ticket, now) {
      const [until = '', signature = ''] = ticket.split('.');
      const at = Number(until);
      return (
        Number.isSafeInteger(at) &&
        at > now &&
        at <= now + TICKET_MS &&
        same(signature, signed(broker, name, at))
      );
    },
  };
}

/** Where a person begins the login of this account, with a ticket: a path, behind whatever address the service has. */
export function wayIn(
  tickets: Pick<Tickets, 'issue'>,
  account: { readonly broker: string; readonly name: string },
  now: number,
): string {
  const ticket = tickets.issue(account.broker, account.name, now);
  return `/oauth/${account.broker}/${encodeURIComponent(account.name)}?ticket=${encodeURIComponent(ticket)}`;
}
