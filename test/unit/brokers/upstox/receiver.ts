import { once } from 'node:events';
import { createServer } from 'node:http';

/** What came to a notifier URL, and how it was answered. */
export interface Receiver {
  readonly url: string;
  /** Every post, oldest first. */
  readonly posts: readonly Post[];
  /** Resolves once so many posts came; rejects after 5 s. */
  wait(count: number): Promise<readonly Post[]>;
  stop(): Promise<void>;
}

export interface Post {
  readonly path: string;
  readonly notice: unknown;
}

/** Listens like a webhook; `answer` is the status, or `never`. */
export async function startReceiver(answer: number | 'never' = 200): Promise<Receiver> {
  const posts: Post[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      posts.push({ path: incoming.url ?? '', notice: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      for (const look of waiting) look();
      if (answer !== 'never') response.writeHead(answer).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/webhooks/upstox/made-up-path`,
    posts,
    wait: (count) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (posts.length < count) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve([...posts]);
        };
        const timer = setTimeout(() => reject(new Error(`${posts.length} of ${count} posts came`)), 5_000);
        waiting.add(look);
        look();
      }),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
