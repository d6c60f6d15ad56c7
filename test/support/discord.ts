import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { track } from './leaks.ts';

/** One request as it arrived. */
export interface Heard {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly body: string;
  /** Ms since the epoch. */
  readonly at: number;
}

export type Behaviour = (heard: Heard, answer: ServerResponse) => void;

/** A Discord of our own: it remembers what it heard and answers as it is told. */
export interface FakeDiscord {
  /** What DISCORD_API_URL is set to. */
  readonly api: string;
  /** Settings that send a service's alerts here. */
  readonly env: Readonly<Record<string, string>>;
  heard: Heard[];
  behave: Behaviour;
  posts(): readonly Heard[];
  patches(): readonly Heard[];
  stop(): Promise<void>;
}

const ID = '123456789012345678';
/** As long as Discord's own; found in no log, no key and no file. */
export const WEBHOOK_TOKEN = 'made-up_WEBHOOKtoken-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHI';

/** Settings of a webhook whose Discord is at `api`, be anybody there or not. */
export const webhookSettings = (api: string): Readonly<Record<string, string>> => ({
  DISCORD_WEBHOOK_URL: `https://discord.com/api/webhooks/${ID}/${WEBHOOK_TOKEN}`,
  DISCORD_API_URL: api,
});

/** Answers with the message, as Discord does. */
export const wellBehaved = (): Behaviour => {
  let messages = 1_000;
  return (heard, answer) => {
    const id = heard.method === 'POST' ? String((messages += 1)) : heard.path.split('/').at(-1);
    answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id, content: '' }));
  };
};

/** Takes every request and never answers. */
export const hanging: Behaviour = () => undefined;

export const broken: Behaviour = (_heard, answer) => {
  answer.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error');
};

/** Starts one. A file that does not stop it fails. */
export async function startDiscord(behave: Behaviour = wellBehaved()): Promise<FakeDiscord> {
  const server = createServer((request, answer) => void receive(request, answer));
  async function receive(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks = await request.setEncoding('utf8').toArray();
    const path = (request.url ?? '').split('?')[0] ?? '';
    const heard = { method: request.method ?? '', path, body: chunks.join(''), at: Date.now() };
    discord.heard.push(heard);
    discord.behave(heard, answer);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = async (): Promise<void> => {
    untrack();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const untrack = track('the fake Discord', stop);
  const of = (method: string): readonly Heard[] => discord.heard.filter((heard) => heard.method === method);
  const api = `http://127.0.0.1:${port}/api`;
  const discord: FakeDiscord = {
    api,
    env: webhookSettings(api),
    heard: [],
    behave,
    posts: () => of('POST'),
    patches: () => of('PATCH'),
    stop,
  };
  return discord;
}
