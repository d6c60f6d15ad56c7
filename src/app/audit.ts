import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.ts';
import { NOBODY, type Act } from '../core/explain.ts';
import type { Log } from '../core/log.ts';
import { actsAfter, keepAct } from '../redis/audit.ts';
import { keys } from '../redis/keys.ts';

export interface AuditParts {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly log: Log;
}

/** What people do, to the log and to where it can be looked up for a month. */
export interface Audit {
  /** Never rejects: what was done is done, whether Redis takes the line or not. */
  note(act: Omit<Act, 'at'>): Promise<void>;
  stop(): Promise<void>;
}

/** How often it is looked for what commands did beside the service, ms. */
const LOOK_MS = 1_000;
/** A line is written by one process of all. */
const SAID_MS = 60_000;

/** Also writes to the log what the command line does over Redis: it has no log of its own. */
export function startAudit({ redis, clock, log }: AuditParts): Audit {
  const stopping = new AbortController();
  const say = ({ who, what, account, from, outcome }: Omit<Act, 'at'>): void =>
    log.info(
      { event: 'audit', who, what, account, from, outcome },
      `${who} from ${from}: ${what}${account === '' ? '' : ` ${account}`} (${outcome}).`,
    );

  async function tail(): Promise<void> {
    let last = `${clock.now()}-0`;
    while (!stopping.signal.aborted) {
      await clock.sleep(LOOK_MS, stopping.signal);
      for (const { id, act } of await actsAfter(redis, last).catch(() => [])) {
        last = id;
        if (!act.who.startsWith('command ')) continue;
        const isOurs = await redis
          .set(`${keys.audit}:said:${id}`, '1', 'PX', SAID_MS, 'NX')
          .catch(() => 'OK');
        if (isOurs !== null) say(act);
      }
    }
  }
  const tailing = tail();

  return {
    async note(act) {
      say(act);
      // A stranger's tries are a line in the log: kept, they would push out what people did.
      if (act.who === NOBODY) return;
      await keepAct(redis, act, clock.now()).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : 'unknown';
        log.warn(
          { event: 'audit.unkept', error: why },
          'Redis did not take what a person did; the log has it.',
        );
      });
    },
    async stop() {
      stopping.abort();
      await tailing;
    },
  };
}
