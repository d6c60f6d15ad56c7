import { createHash } from 'node:crypto';
import type { DialectAnswer, DialectHost } from '../../core/dialect.ts';

const HOUR_MS = 60 * 60_000;
const PENALTY_S = 15;

interface Ticket {
  readonly body: string;
  readonly notBefore: number;
}

/** One caller's network (a /24 at the real broker). */
interface Network {
  failures: number[];
  captchaUntil: number;
  readonly tickets: Map<string, Ticket>;
}

/** The login budget of each network and its penalty tickets. */
export interface Penalties {
  /** The penalty that stands in the way of this login, if any. A valid ticket is spent by it. */
  inTheWay(egress: string, form: URLSearchParams): DialectAnswer | undefined;
  failed(egress: string): void;
  forget(): void;
}

/**
 * Failed logins are counted by network over the last hour (partner.tradovate.com, rate-limits: 5 an
 * hour); past the limit a login needs a ticket, which is bound to network, body and time (…,
 * penalty-tickets). Whether the bridge takes part is unknown: switches `bridge.countsForLimits` and
 * `bridge.penalties` (`on`, `off`), `limits.login` (5), `captchaOnLoginPenalty` (`conditional`: at
 * twice the limit; `always`).
 */
export function makePenalties(host: DialectHost): Penalties {
  const networks = new Map<string, Network>();
  const networkOf = (egress: string): Network => {
    const found = networks.get(egress) ?? { failures: [], captchaUntil: 0, tickets: new Map() };
    networks.set(egress, found);
    return found;
  };
  const isOn = (name: string): boolean => host.switch<string>(name, 'on') === 'on';

  return {
    inTheWay: (egress, form) => {
      if (!isOn('bridge.penalties')) return undefined;
      const network = networkOf(egress);
      const now = host.clock.now();
      network.failures = network.failures.filter((at) => at > now - HOUR_MS);
      const limit = host.switch('limits.login', 5);
      const silenced = now < network.captchaUntil;
      if (!silenced && network.failures.length < limit) return undefined;
      const always = host.switch<string>('captchaOnLoginPenalty', 'conditional') === 'always';
      if (silenced || always || network.failures.length >= 2 * limit) {
        // A call within the hour begins it anew.
        network.captchaUntil = now + HOUR_MS;
        return penalty(newTicket(host), true);
      }
      const body = bodyWithout(form);
      const name = form.get('p-ticket') ?? '';
      const ticket = network.tickets.get(name);
      network.tickets.delete(name);
      if (ticket?.body === body && now >= ticket.notBefore) return undefined;
      const fresh = newTicket(host);
      network.tickets.set(fresh, { body, notBefore: now + PENALTY_S * 1_000 });
      return penalty(fresh, false);
    },
    failed: (egress) => {
      if (isOn('bridge.countsForLimits')) networkOf(egress).failures.push(host.clock.now());
    },
    forget: () => networks.clear(),
  };
}

/** The broker's words for a penalty. HTTP 200, like most of its refusals. */
export function penalty(ticket: string, captcha: boolean): DialectAnswer {
  const body = { 'p-ticket': ticket, 'p-time': PENALTY_S, ...(captcha && { 'p-captcha': true }) };
  return { status: 200, body };
}

function newTicket(host: DialectHost): string {
  return `T${Math.floor(host.random() * 2 ** 48).toString(36)}`;
}

/** The body a ticket is bound to, hashed: it holds a password. */
function bodyWithout(form: URLSearchParams): string {
  const rest = new URLSearchParams(form);
  rest.delete('p-ticket');
  rest.sort();
  return createHash('sha256').update(rest.toString()).digest('hex');
}
