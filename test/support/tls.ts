import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { LaunchError } from '../../src/redis/embedded/server.ts';
import { freshFolder } from './folder.ts';
import { track } from './leaks.ts';
import { freePort } from './redis.ts';
import { startNode, type RedisNode } from './redis-process.ts';

const run = promisify(execFile);

/** Certificates made for one test: an authority of its own, and what it signed. Paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

export const hasOpenssl = (): Promise<boolean> =>
  run('openssl', ['version']).then(
    () => true,
    () => false,
  );

/** @param names of the server, as they stand in its certificate: `IP:127.0.0.1`, `DNS:redis.test` */
export async function makeCertificates(names: readonly string[]): Promise<Certificates> {
  const folder = await freshFolder();
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): Promise<unknown> => run('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const signed = async (who: string, extension: string): Promise<{ cert: string; key: string }> => {
    const [cert, key] = [at(`${who}.pem`), at(`${who}-key.pem`)];
    const [request, extensions] = [at(`${who}.csr`), at(`${who}.ext`)];
    await writeFile(extensions, extension);
    await openssl('req', '-new', ...newKey, '-subj', `/CN=${who}`, '-keyout', key, '-out', request);
    const authority = ['-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial'];
    await openssl(
      ...['x509', '-req', '-in', request, ...authority, '-days', '1', '-extfile', extensions, '-out', cert],
    );
    return { cert, key };
  };
  const authority = ['-subj', '/CN=made-up authority', '-keyout', at('ca-key.pem'), '-out', at('ca.pem')];
  await openssl('req', '-x509', ...newKey, '-days', '1', ...authority);
  return {
    ca: at('ca.pem'),
    server: await signed('server', `subjectAltName=${names.join(',')}`),
    client: await signed('client', 'extendedKeyUsage=clientAuth'),
  };
}

/** The settings of a Redis that listens for TLS on `port` and, with `clients`, wants to see a certificate. */
export const tlsSettings = (made: Certificates, port: number, clients: 'yes' | 'no'): readonly string[] => [
  ...['--tls-port', String(port), '--tls-ca-cert-file', made.ca, '--tls-auth-clients', clients],
  ...['--tls-cert-file', made.server.cert, '--tls-key-file', made.server.key],
];

/** The same certificates in the words of a client of Node. */
export const asClient = (made: Certificates): { ca: string; cert: string; key: string } => ({
  ca: readFileSync(made.ca, 'utf8'),
  cert: readFileSync(made.client.cert, 'utf8'),
  key: readFileSync(made.client.key, 'utf8'),
});

/** A Redis behind TLS. */
export interface EncryptedNode {
  readonly node: RedisNode;
  /** Where it speaks TLS. */
  readonly port: number;
  stop(): Promise<void>;
}

/** @param clients `yes`: they have to show a certificate */
export async function startEncrypted(made: Certificates, clients: 'yes' | 'no'): Promise<EncryptedNode> {
  const port = await freePort();
  try {
    const node = await startNode(tlsSettings(made, port, clients));
    return { node, port, stop: () => node.stop() };
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    return startTerminated(made, port, clients);
  }
}

/** For a server that was built without TLS: as stunnel would stand before it. */
export async function startTerminated(
  made: Certificates,
  port: number,
  clients: 'yes' | 'no',
): Promise<EncryptedNode> {
  const node = await startNode();
  const pem = (path: string): string => readFileSync(path, 'utf8');
  const ours = { cert: pem(made.server.cert), key: pem(made.server.key), ca: pem(made.ca) };
  const sockets = new Set<Socket>();
  const server = createServer({ ...ours, requestCert: clients === 'yes' }, (client) => {
    const upstream = connect(node.port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    pipeline(client, upstream, client, () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    untrack();
    for (const socket of sockets) socket.destroy();
    server.close();
    await Promise.all([once(server, 'close'), node.stop()]);
  };
  const untrack = track(`TLS on port ${port}`, stop);
  return { node, port, stop };
}
