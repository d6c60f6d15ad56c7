import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findTool, type Tool } from './fetched-tool.ts';
import { freshFolder } from './folder.ts';
import { track } from './leaks.ts';
import { until } from './poll.ts';
import type { Certificates } from './tls.ts';

/** An example of ops/proxy and the program that it is for. */
export interface Example {
  readonly file: string;
  readonly tool: Tool;
  /** What stands in the example, and what a test puts in its place. */
  changes(made: Certificates, port: number, upstream: number): Readonly<Record<string, string>>;
  /** The whole configuration around the example. */
  around(text: string, folder: string): string;
  args(config: string, folder: string): readonly string[];
}

export const nginx: Example = {
  file: 'ops/proxy/nginx.conf',
  tool: { command: 'nginx', variable: 'NGINX', package: 'nginx', path: 'usr/sbin/nginx', probe: ['-v'] },
  changes: (made, port, upstream) => ({
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    '/etc/ssl/tokens.example/fullchain.pem': made.server.cert,
    '/etc/ssl/tokens.example/privkey.pem': made.server.key,
    '127.0.0.1:8001': `127.0.0.1:${upstream}`,
  }),
  around: (text, folder) => {
    const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const paths = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`);
    return `daemon off;\nmaster_process off;\npid ${join(folder, 'pid')};\nevents {}\nhttp {\n${paths.join('\n')}\n${text}}\n`;
  },
  args: (config, folder) => ['-p', folder, '-e', 'stderr', '-c', config],
};

export const caddy: Example = {
  file: 'ops/proxy/Caddyfile',
  tool: {
    command: 'caddy',
    variable: 'CADDY',
    package: 'caddy',
    path: 'usr/bin/caddy',
    probe: ['version'],
  },
  changes: (made, port, upstream) => ({
    '\ntokens.example {': `\nhttps://tokens.example:${port} {\n\tbind 127.0.0.1\n\ttls ${made.server.cert} ${made.server.key}`,
    '127.0.0.1:8001': `127.0.0.1:${upstream}`,
  }),
  around: (text) => `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${text}`,
  args: (config) => ['run', '--adapter', 'caddyfile', '--config', config],
};

/** Where a front is asked from. */
export const CALLER = '127.0.0.2';

/** A proxy that runs an example as it stands, but for its name, ports and certificate. */
export interface Front {
  ask(
    path: string,
    options?: {
      readonly method?: string;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: string;
  }>;
  stop(): Promise<void>;
}

/** Starts a proxy before a listener, or says why it cannot be had. */
export async function startFront(
  example: Example,
  made: Certificates,
  { port, upstream }: { readonly port: number; readonly upstream: number },
): Promise<Front | { readonly missing: string }> {
  const found = await findTool(example.tool);
  if ('missing' in found) return found;
  const folder = await freshFolder();
  const config = join(folder, 'config');
  let text = await readFile(join(import.meta.dirname, '../..', example.file), 'utf8');
  for (const [from, to] of Object.entries(example.changes(made, port, upstream))) {
    if (!text.includes(from)) throw new Error(`${example.file} has no ${from}`);
    text = text.replace(from, to);
  }
  await writeFile(config, example.around(text, folder));
  const proxy = spawn(found.command, example.args(config, folder), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  let said = '';
  proxy.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = once(proxy, 'exit');
  const stop = async (): Promise<void> => {
    untrack();
    proxy.kill('SIGTERM');
    await ended;
  };
  const untrack = track('a proxy', stop);
  const listens = async (): Promise<boolean> => {
    if (proxy.exitCode !== null) throw new Error(`the proxy ended: ${said}`);
    return canConnect(port);
  };
  await until(listens, { what: `the proxy to listen (${said})`, timeoutMs: 15_000 });
  const ca = await readFile(made.ca, 'utf8');
  return {
    ask: (path, options = {}) => ask(`https://127.0.0.1:${port}${path}`, ca, options),
    stop,
  };
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

/** By `https` itself: `fetch` takes no authority of its own, and follows what is to be looked at. */
function ask(url: string, ca: string, options: Parameters<Front['ask']>[1] = {}): ReturnType<Front['ask']> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', body, headers = {} } = options;
    const sent = request(
      url,
      {
        method,
        ca,
        servername: 'tokens.example',
        agent: false,
        // Not the proxy's own address: who called must be told from who passed it on.
        localAddress: CALLER,
        headers: { host: 'tokens.example', ...headers },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
