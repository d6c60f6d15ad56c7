import { Redis } from 'ioredis';
import { createTokenReader, type Token } from '../../src/client/index.ts';

/*
 * Bots in a process of their own: `node readers.ts URL BOTS CALLS NAME...`. Each of BOTS has a connection and a reader,
 * follows the name, and waits with CALLS calls. At SIGUSR2 all calls meet a refused token at the same moment. Then one line of
 * JSON says what each call saw, and how long after that its last try was made (ms); and so for the next NAME.
 */
const [url = '', bots = '', calls = '', ...names] = process.argv.slice(2);
const clients = Array.from({ length: Number(bots) }, () => new Redis(url));
const readers = clients.map((redis) => createTokenReader({ redis }));
const say = (what: object): unknown => process.stdout.write(`${JSON.stringify(what)}\n`);

async function meetRefusal(name: string): Promise<void> {
  const held = await Promise.all(readers.map((reader) => reader.read(name)));
  const stops = readers.map((reader) => reader.subscribe(name, () => undefined));
  // Nothing else holds the process while it waits for the signal.
  const waiting = setInterval(() => undefined, 1_000);
  const signalled = new Promise((resolve) => process.once('SIGUSR2', resolve));
  say({ holding: name });
  await signalled;
  clearInterval(waiting);
  const refused = new Set(held.map((each) => each?.token));
  const begunAt = performance.now();
  const made = await Promise.all(
    readers.flatMap((reader) =>
      Array.from({ length: Number(calls) }, async () => {
        const generations: number[] = [];
        let lastAt = 0;
        const call = ({ token, generation }: Token): { readonly status: number } => {
          generations.push(generation);
          lastAt = performance.now() - begunAt;
          return { status: refused.has(token) ? 401 : 200 };
        };
        const { status } = await reader.withToken(name, call);
        return { generations, lastAt, status };
      }),
    ),
  );
  say({ met: name, made });
  for (const stop of stops) stop();
}

for (const name of names) await meetRefusal(name);
for (const reader of readers) reader.close();
for (const client of clients) client.disconnect();
