import type { BrokerIo } from '../../core/broker.ts';
import { BRIDGE_ORIGIN, ticketPlaces, type TicketPlace } from './requests.ts';

/** How this adapter presents itself and reads what no document settles; the same for every account. */
export interface Settings {
  /** Where native calls go, without a slash at the end. */
  readonly apiUrl: string;
  readonly bridgeUrl: string;
  /** Undefined: the service's own. */
  readonly userAgent: string | undefined;
  /** Undefined: neither Origin nor Referer is sent. */
  readonly origin: string | undefined;
  readonly ticketIn: TicketPlace;
  /** Lower case. */
  readonly transientTexts: readonly string[];
}

export function readSettings(io: BrokerIo): Settings {
  const origin = io.setting('TRADOVATE_BRIDGE_ORIGIN') ?? BRIDGE_ORIGIN;
  const place = io.setting('TRADOVATE_RENEWAL_TICKET');
  return {
    apiUrl: bare(io.baseUrl('api')),
    bridgeUrl: bare(io.baseUrl('bridge')),
    userAgent: io.setting('TRADOVATE_USER_AGENT'),
    origin: origin === 'none' ? undefined : bare(origin),
    ticketIn: ticketPlaces.find((known) => known === place) ?? 'none',
    transientTexts: textsOf(io.setting('TRADOVATE_TRANSIENT_TEXTS')),
  };
}

const bare = (url: string): string => url.replace(/\/+$/, '');

function textsOf(setting: string | undefined): readonly string[] {
  const texts = (setting ?? '').split('|').map((text) => text.trim().toLowerCase());
  return texts.filter((text) => text !== '');
}
