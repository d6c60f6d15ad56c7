import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { HttpFault } from './faults.ts';

/** Whether a `Host` header names this service, and no website that had its name lead here. */
export type KnowsHost = (header: string | undefined) => boolean;

/** Names under these are nobody's to register: they lead where the own network says. */
const privateEndings = ['.localhost', '.local', '.internal', '.home.arpa'];

/**
 * A website may have its own name lead to 127.0.0.1; its scripts then reach this service from the browser of whoever
 * looks at it, and for the browser they are of one origin (DNS rebinding). It needs a name that it can register: an
 * address, a name without a dot (`localhost`, a container's) and names of the own network are none.
 * `allowed`: further names, `.example.com` for all below it.
 */
export function knownHosts(ours: readonly URL[], host: string, allowed: readonly string[]): KnowsHost {
  const names = new Set([...ours.map(({ hostname }) => hostname), host, ...allowed].map(plain));
  const endings = [...privateEndings, ...allowed.map(plain).filter((name) => name.startsWith('.'))];
  return (header) => {
    // Only HTTP/1.0 comes without; a browser always says.
    if (header === undefined || header === '') return true;
    const name = nameIn(header);
    if (name === undefined) return false;
    return (
      isIP(name) !== 0 ||
      !name.includes('.') ||
      names.has(name) ||
      endings.some((ending) => name.endsWith(ending))
    );
  };
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** The name or address in a `Host` header, without port and brackets; undefined where it is neither. */
function nameIn(header: string): string | undefined {
  const bracketed = /^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(header)?.[1];
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? bracketed : undefined;
  const name = /^([\w.-]+)(?::\d+)?$/.exec(header)?.[1];
  return name === undefined ? undefined : plain(name);
}

/** Probes, scrapes and brokers come by whatever name they were given, and get nothing that a stranger may not have. */
const open = ['/livez', '/readyz', '/metrics', '/callback'];

/**
 * Refuses requests for a name that is not ours. The header itself counts, not what a proxy is said to have seen: a
 * script may send `X-Forwarded-Host` to its own origin.
 */
export function refuseOtherHosts(app: FastifyInstance, knowsHost: KnowsHost): void {
  app.addHook('onRequest', async ({ headers, routeOptions }) => {
    const route = routeOptions.url ?? '*';
    if (open.includes(route) || route.startsWith('/webhooks/') || knowsHost(headers.host)) return;
    throw new HttpFault(400, 'UNKNOWN_HOST');
  });
}
