import type { Link } from './redis/client.ts';
import { RedisError, type Reply } from './redis/reply.ts';
import type { RedisServer } from './redis/server.ts';
import type { Life } from './process.ts';
import type { Dice } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What the way between the processes and Redis is like. */
export interface RedisNet {
  /** A process' connection: commands arrive in order, and so do the replies. */
  linkFor(life: Life): Link;
  /** Nobody reaches it until then (an instant). */
  cutUntil(instant: number): void;
  isUp(): boolean;
  /** When it was last cut off, and until when (instants). */
  lastCut(): { readonly from: number; readonly until: number };
  /** The next commands take effect, but their replies are lost: the client gives up after its timeout. */
  loseReplies(count: number): void;
  /** The next commands fail before they take effect. */
  failNext(count: number): void;
  /** Whatever was asked for is over. */
  mend(): void;
  /** Every command takes so much longer, until then. */
  slowUntil(instant: number, byMs: number): void;
}

/** As `commandTimeout` of the service's connection. */
const COMMAND_TIMEOUT_MS = 3_000;
/** The longest wait between two tries to connect. */
const MAX_RECONNECT_MS = 1_000;

export function makeRedisNet(server: RedisServer, timeline: Timeline, dice: Dice): RedisNet {
  let downFrom = -Infinity;
  let downUntil = -Infinity;
  let slow = { until: 0, byMs: 0 };
  let lost = 0;
  let failing = 0;
  const ends: { readonly closed: () => void; readonly ready: () => void }[] = [];
  const isUp = (): boolean => timeline.now() >= downUntil;
  /** Most commands share a millisecond with what they belong to. */
  const hop = (): number => (dice.chance(0.25) ? 1 : 0) + (timeline.now() < slow.until ? slow.byMs : 0);

  /** Each client finds it back in its own time. */
  function sayReady(at: number): void {
    for (const { ready } of ends) {
      timeline.at(at + dice.whole(0, MAX_RECONNECT_MS), () => {
        if (isUp()) ready();
      });
    }
  }

  function execute(words: readonly string[]): Reply {
    try {
      return server.execute(words);
    } catch (error) {
      if (error instanceof RedisError) return error;
      throw error;
    }
  }

  return {
    isUp,
    lastCut: () => ({ from: downFrom, until: downUntil }),
    cutUntil: (instant) => {
      // What is cut already stays cut for as long as whoever cut it first wanted.
      if (isUp()) downFrom = timeline.now();
      downUntil = Math.max(downUntil, instant);
      for (const { closed } of ends) closed();
      sayReady(downUntil);
    },
    loseReplies: (count) => {
      lost += count;
    },
    failNext: (count) => {
      failing += count;
    },
    mend() {
      downUntil = Math.min(downUntil, timeline.now());
      sayReady(downUntil);
      slow = { until: 0, byMs: 0 };
      lost = 0;
      failing = 0;
    },
    slowUntil: (instant, byMs) => {
      slow = { until: instant, byMs };
    },
    linkFor(life) {
      let lastArrival = 0;
      let lastReply = 0;
      let isOpen = true;
      const heard = { close: new Set<() => void>(), ready: new Set<() => void>() };
      ends.push({
        closed() {
          isOpen = false;
          for (const listener of heard.close) life.deliver(listener);
        },
        ready() {
          if (isOpen) return;
          isOpen = true;
          for (const listener of heard.ready) life.deliver(listener);
        },
      });
      const back = (at: number, result: () => void): void => {
        lastReply = Math.max(lastReply, at);
        if (lastReply <= timeline.now()) life.deliver(result);
        else timeline.at(lastReply, () => life.deliver(result));
      };
      return {
        onClose: (listener) => void heard.close.add(listener),
        onReady: (listener) => void heard.ready.add(listener),
        send: (commands) =>
          new Promise((resolve, reject) => {
            const fail = (why: string, afterMs: number): void =>
              back(timeline.now() + afterMs, () => reject(new Error(why)));
            life.send(() => {
              if (!isOpen) return fail("Stream isn't writeable and enableOfflineQueue options is false", 0);
              lastArrival = Math.max(lastArrival, timeline.now() + hop());
              timeline.at(lastArrival, () => {
                if (!isUp()) return fail('Connection is closed.', 0);
                if (failing > 0) {
                  failing -= 1;
                  return fail('Connection is closed.', 0);
                }
                const replies = commands.map(execute);
                if (lost > 0) {
                  lost -= 1;
                  return fail('Command timed out', COMMAND_TIMEOUT_MS);
                }
                back(timeline.now() + hop(), () => resolve(replies));
              });
            });
          }),
      };
    },
  };
}
