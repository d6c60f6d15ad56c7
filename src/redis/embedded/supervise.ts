import type { Clock } from '../../core/clock.ts';
import type { Exit, RedisProcess } from './server.ts';

export interface Supervision {
  readonly first: RedisProcess;
  /** Starts it anew, on the same port and files. */
  readonly launch: () => Promise<RedisProcess>;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly onExit: (exit: Exit) => void;
}

const PAUSE_FIRST_MS = 100;
const PAUSE_LAST_MS = 10_000;
/** One that ran this long was well: the next pause is short again. */
const WELL_AFTER_MS = 60_000;

/** Starts the server again whenever it ends, with a doubling pause, until `stop`. */
export function superviseRedis({ first, launch, clock, say, onExit }: Supervision): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let current: RedisProcess | undefined = first;
  // The last resort where this process ends without `stop`: an orphan would keep the port.
  const atExit = (): void => current?.kill('SIGTERM');
  process.once('exit', atExit);

  const watch = async (): Promise<void> => {
    let pauseMs = PAUSE_FIRST_MS;
    while (current !== undefined && !isStopping()) {
      const startedAt = clock.now();
      const exit = await current.exited;
      if (isStopping()) return;
      onExit(exit);
      if (clock.now() - startedAt > WELL_AFTER_MS) pauseMs = PAUSE_FIRST_MS;
      current = undefined;
      while (current === undefined) {
        await clock.sleep(pauseMs, stopping.signal);
        if (isStopping()) return;
        pauseMs = Math.min(2 * pauseMs, PAUSE_LAST_MS);
        current = await launch().catch((error: unknown) => {
          say(error instanceof Error ? error.message : 'redis-server did not start');
          return undefined;
        });
      }
      say('redis-server is running again');
    }
  };
  const watching = watch();
  const stop = async (): Promise<void> => {
    stopping.abort();
    await current?.stop();
    // One that was just being started is there only now.
    await watching;
    await current?.stop();
    process.off('exit', atExit);
  };
  let stopped: Promise<void> | undefined;
  return { stop: () => (stopped ??= stop()) };
}
