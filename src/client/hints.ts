import type { Redis } from 'ioredis';

/** What an event says; only a hint. */
export interface Hint {
  readonly event: string;
  readonly names: readonly string[];
  readonly generation: number;
}

/**
 * Events that bring no token. A thousand bots that read for each of them would keep Redis busy at the very moment at
 * which the service gets the next one.
 */
const BRINGS_NONE: readonly string[] = ['failed', 'expired'];

/** True where whoever waits for a token finds no other one by reading. */
export const bringsNone = (hint: Hint): boolean => BRINGS_NONE.includes(hint.event);

/** `undefined`: events may have been missed, or one could not be read. */
type Heard = (hint: Hint | undefined) => void;

/** One connection that listens for `token-events`, for all who wait for something. */
export interface Hints {
  /** Calls `heard` for each event of these names, and whenever some may have been missed; answers how to stop. */
  listen(names: readonly string[], heard: Heard): () => void;
  /** Resolves once events are heard, or cannot be. */
  ready(): Promise<void>;
  close(): void;
}

/** @param redis is not touched: a connection that listens can do nothing else, so this opens its own */
export function makeHints(redis: Redis): Hints {
  const listeners = new Set<{ readonly names: ReadonlySet<string>; readonly heard: Heard }>();
  let connection: Redis | undefined;
  let subscribed = Promise.resolve();

  const tell = (hint: Hint | undefined): void => {
    for (const { names, heard } of listeners) {
      if (hint === undefined || hint.names.some((name) => names.has(name))) heard(hint);
    }
  };

  function open(): void {
    if (connection) return;
    const opened = redis.duplicate({
      lazyConnect: false,
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
    });
    connection = opened;
    opened.on('error', () => undefined);
    // Subscriptions come back by themselves; what was published meanwhile does not.
    opened.on('ready', () => tell(undefined));
    opened.on('message', (_channel: string, text: string) => tell(hintIn(text)));
    subscribed = opened.subscribe('token-events').then(
      () => tell(undefined),
      () => undefined,
    );
  }

  return {
    listen(names, heard) {
      open();
      const listener = { names: new Set(names), heard };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ready: () => subscribed,
    close() {
      listeners.clear();
      connection?.disconnect();
      connection = undefined;
    },
  };
}

function hintIn(text: string): Hint | undefined {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== 'object' || read === null) return undefined;
    const field = (name: string): unknown => Reflect.get(read, name);
    const [event, names, generation] = [field('event'), field('names'), field('generation')];
    if (typeof event !== 'string' || !Array.isArray(names)) return undefined;
    return {
      event,
      names: names.filter((name) => typeof name === 'string'),
      generation: Number(generation) || 0,
    };
  } catch {
    return undefined;
  }
}
