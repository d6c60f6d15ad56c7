import type { BrokerIo } from '../../core/broker.ts';
import { ConfigurationError } from '../../core/errors.ts';
import { BRIDGE_ORIGIN, ticketPlaces, type TicketPlace } from './requests.ts';

/** How this adapter presents itself and reads what no document settles; the same for every account. */
export interface Settings {
  /** Where native calls go, without a slash at the end. */
  readonly apiUrl: string;
  readonly bridgeUrl: string;
  /** Undefined: the service's own. */
  readonly userAgent: string | undefined;
  /** What calls to the bridge bring beside `User-Agent`; lower-case names. */
  readonly bridgeHeaders: Readonly<Record<string, string>>;
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
    bridgeHeaders: {
      // Its texts are read in English.
      'accept-language': 'en',
      ...(origin !== 'none' && { origin: bare(origin), referer: `${bare(origin)}/` }),
      ...headersOf(io.setting('TRADOVATE_BRIDGE_HEADERS') ?? ''),
    },
    ticketIn: ticketPlaces.find((known) => known === place) ?? 'none',
    transientTexts: textsOf(io.setting('TRADOVATE_TRANSIENT_TEXTS')),
  };
}

const bare = (url: string): string => url.replace(/\/+$/, '');

/** Headers that are the call itself, or have a setting of their own. */
const settled: Readonly<Record<string, string>> = {
  'user-agent': 'set TRADOVATE_USER_AGENT instead',
  origin: 'set TRADOVATE_BRIDGE_ORIGIN instead',
  referer: 'set TRADOVATE_BRIDGE_ORIGIN instead',
  ...Object.fromEntries(
    [
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'cookie',
      'host',
    ].map((name) => [name, 'the service sends its own'] as const),
  ),
};

/** `name: value | name: value`. Throws `ConfigurationError` without a value in it. */
function headersOf(setting: string): Readonly<Record<string, string>> {
  const fault = (message: string): ConfigurationError =>
    new ConfigurationError([{ at: 'TRADOVATE_BRIDGE_HEADERS', message }]);
  const headers = setting.split('|').filter((each) => each.trim() !== '');
  return Object.fromEntries(
    headers.map((each) => {
      const [, name, value] = /^\s*([\w-]+):\s*([ -~]*[!-~])\s*$/.exec(each) ?? [];
      if (name === undefined || value === undefined) {
        throw fault('must be headers as name: value, separated by bars, e.g. sec-fetch-mode: cors');
      }
      const lower = name.toLowerCase();
      if (settled[lower] !== undefined) throw fault(`may not name ${lower}: ${settled[lower]}`);
      return [lower, value] as const;
    }),
  );
}

function textsOf(setting: string | undefined): readonly string[] {
  const texts = (setting ?? '').split('|').map((text) => text.trim().toLowerCase());
  return texts.filter((text) => text !== '');
}
