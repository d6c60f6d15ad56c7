/** Where a listener is bound. */
export interface Bound {
  readonly host: string;
  readonly port: number;
}

/** A redirect URI on this machine, and where to listen for it. */
export interface LoopbackPlace {
  readonly url: string;
  readonly port: number;
  readonly path: string;
  /** The addresses to bind; none where the main listener has the port already. */
  readonly hosts: readonly string[];
  /** Why it cannot be listened for, whatever the port. */
  readonly fault: string | undefined;
}

const wildcards: readonly string[] = ['0.0.0.0', '::'];

/** Where to listen for a redirect URI; undefined where it does not lead to this machine. */
export function loopbackPlace(uri: string, main: Bound): LoopbackPlace | undefined {
  if (!URL.canParse(uri)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(uri);
  if (!isLoopback(hostname)) return undefined;
  const secure = protocol === 'https:';
  const number = port === '' ? (secure ? 443 : 80) : Number(port);
  const fault = secure
    ? `${uri} needs TLS, which this service does not speak: put a proxy there, or register a redirect URI with http`
    : undefined;
  return {
    url: uri,
    port: number,
    path: pathname,
    hosts: secure ? [] : hostsFor(hostname, number, main),
    fault,
  };
}

function hostsFor(hostname: string, port: number, main: Bound): readonly string[] {
  const shared = wildcards.includes(main.host) || main.host === 'localhost' || isLoopback(main.host);
  if (port === main.port && shared) return [];
  // In a container the browser comes in over a published port, never over the container's own loopback.
  if (wildcards.includes(main.host)) return [main.host];
  // Browsers try either address for this name, and another program may sit on the other.
  return hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname.replaceAll(/[[\]]/g, '')];
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || /^127(\.\d+){3}$/.test(hostname) || /^\[?::1\]?$/.test(hostname);
}
