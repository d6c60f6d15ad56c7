import { Redis } from 'ioredis';

export interface Watched {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** The name the sentinels know the master by. */
  readonly name: string;
  /** Of the sentinels. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: false | object;
}

const AGAIN_MS = 5_000;
const CHANNEL = '+switch-master';

/**
 * Listens to the sentinels and calls `changed` once for each change of master. A master that was
 * replaced goes on taking writes for some ten seconds, and they are lost with it. (What ioredis has
 * for this prints to the console when a sentinel is away.) Returns what ends the listening.
 */
export function watchMaster(
  { sentinels, name, username, password, tls }: Watched,
  changed: () => void,
): () => void {
  let master = '';
  const listen = ({ host, port }: { readonly host: string; readonly port: number }): Redis => {
    const sentinel = new Redis({
      host,
      port,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(tls && { tls }),
      enableReadyCheck: false,
      retryStrategy: () => AGAIN_MS,
      maxRetriesPerRequest: null,
    });
    // Whether a sentinel answers is said where the master is asked for.
    sentinel.on('error', () => undefined);
    sentinel.on('message', (_channel, text: string) => {
      // All sentinels tell: name, address of the old one, address of the new one.
      const [about, , , ...present] = text.split(' ');
      if (about !== name || present.join(' ') === master) return;
      master = present.join(' ');
      changed();
    });
    sentinel.subscribe(CHANNEL).catch(() => undefined);
    return sentinel;
  };
  const listeners = sentinels.map(listen);
  return () => {
    for (const listener of listeners) listener.disconnect();
  };
}
