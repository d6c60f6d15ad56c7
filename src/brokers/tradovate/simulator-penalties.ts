import { createHash } from 'node:crypto';
import type { DialectAnswer, DialectHost } from '../../core/dialect.ts';
import { makeLimits, waitSecondsOf, type Endpoint } from './simulator-limits.ts';
import { switched } from './simulator-switches.ts';

const HOUR_MS = 60 * 60_000;

interface Ticket {
  readonly endpoint: Endpoint;
  readonly body: string;
  readonly notBefore: number;
}

/** One caller's network (a /24 at the real broker). */
interface Network {
  readonly counted: Record<Endpoint, number[]>;
  captchaUntil: number;
  readonly tickets: Map<string, Ticket>;
}

/** A call as a penalty sees it. */
export interface Attempt {
  readonly endpoint: Endpoint;
  readonly egress: string;
  /** The body without its ticket, or the token of a call that has none. */
  readonly body: string;
  readonly ticket: string | undefined;
  /** True where the wait alone is the answer to a penalty: no ticket is looked for. */
  readonly waitOnly: boolean;
}

/** The budgets of each network and their penalties. */
export interface Penalties {
  /** The penalty that stands in the way of this call, if any. A valid ticket is spent by it. */
  inTheWay(attempt: Attempt): DialectAnswer | undefined;
  count(endpoint: Endpoint, egress: string, times?: number): void;
  /** The next calls of this network, for an hour, want a captcha. */
  wantCaptcha(egress: string): void;
  forget(): void;
}

/**
 * Counted by network over the last hour (partner.tradovate.com, rate-limits): failed logins, every
 * renewal, failed reads of `me`. Past its limit a call needs a ticket, which is bound to network, body
 * and time (…, penalty-tickets). Switch `captchaOnLoginPenalty`: `conditional` (at twice the limit), `always`.
 */
export function makePenalties(host: DialectHost): Penalties {
  const limitOf = makeLimits(host);
  const networks = new Map<string, Network>();
  const networkOf = (egress: string): Network => {
    const found: Network = networks.get(egress) ?? {
      counted: { login: [], renew: [], me: [] },
      captchaUntil: 0,
      tickets: new Map(),
    };
    networks.set(egress, found);
    return found;
  };

  return {
    inTheWay: (attempt) => {
      const { endpoint, egress } = attempt;
      const network = networkOf(egress);
      const now = host.clock.now();
      const recent = network.counted[endpoint].filter((at) => at > now - HOUR_MS);
      network.counted[endpoint] = recent;
      const limit = limitOf(endpoint, egress);
      const seconds = waitSecondsOf(host, endpoint);
      const isSilenced = now < network.captchaUntil;
      if (!isSilenced && recent.length < limit) return undefined;
      const isAlways = switched(host, 'captchaOnLoginPenalty') === 'always';
      if (isSilenced || (endpoint === 'login' && (isAlways || recent.length >= 2 * limit))) {
        // A call within the hour begins it anew.
        network.captchaUntil = now + HOUR_MS;
        return penalty(seconds, newTicket(host), true);
      }
      if (spend(network, attempt, now)) return undefined;
      const fresh = newTicket(host);
      const notBefore = now + seconds * 1_000;
      network.tickets.set(fresh, { endpoint, body: digest(attempt.body), notBefore });
      return penalty(seconds, fresh, false);
    },
    count: (endpoint, egress, times = 1) => {
      const at = host.clock.now();
      networkOf(egress).counted[endpoint].push(...Array.from({ length: times }, () => at));
    },
    wantCaptcha: (egress) => {
      networkOf(egress).captchaUntil = host.clock.now() + HOUR_MS;
    },
    forget: () => networks.clear(),
  };
}

/** True where the call brings a ticket of its own, after its time. Whatever it brings is spent. */
function spend(network: Network, { endpoint, body, ticket, waitOnly }: Attempt, now: number): boolean {
  const digested = digest(body);
  const brought = [...network.tickets].filter(([name, { endpoint: of, body: bound }]) =>
    waitOnly ? of === endpoint && bound === digested : name === ticket,
  );
  for (const [name] of brought) network.tickets.delete(name);
  return brought.some(
    ([, each]) => each.endpoint === endpoint && each.body === digested && now >= each.notBefore,
  );
}

/** The broker's words for a penalty. HTTP 200, like most of its refusals. */
export function penalty(seconds: number, ticket: string, captcha: boolean): DialectAnswer {
  return {
    status: 200,
    body: { 'p-ticket': ticket, 'p-time': seconds, ...(captcha && { 'p-captcha': true }) },
  };
}

function newTicket(host: DialectHost): string {
  return `T${Math.floor(host.random() * 2 ** 48).toString(36)}`;
}

/** Hashed: it holds a password or a token. */
function digest(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
