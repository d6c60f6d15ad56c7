import type { Clock } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import { diffAccounts, isEmpty, removesMany, type AccountsDiff } from './diff.ts';
import { ABSENT, makeGlance } from './files.ts';
import type { Loaded, Reading } from './read.ts';

/** How often the files are looked at. Polled: a bind mount or a network disk announces nothing. */
export const POLL_MS = 500;
/** How long a new content must have stood before it is taken up: an editor may still be writing. */
export const SETTLE_MS = 2_000;

/** What became of a look at the files. */
export type Outcome = 'unchanged' | 'changed' | 'refused' | 'held';

export interface WatchOptions {
  /** Usually `() => readAccounts(source)`. */
  readonly read: () => Promise<Reading>;
  /** What the service runs on now. */
  readonly inForce: Loaded;
  readonly clock: Clock;
  /** Takes the new accounts up. Where it rejects, the old ones stay in force and it is tried again. */
  readonly changed: (loaded: Loaded, diff: AccountsDiff) => Promise<void>;
  /** A bad new content; said once for each content, the old accounts stay in force. */
  readonly refused: (error: ConfigurationError) => void;
  /** A content that would drop these accounts waits for `acceptRemovals`; said once for each content. */
  readonly held: (names: readonly string[]) => void;
  /** After `refused` or `held`: what the files say is in force again. */
  readonly recovered: () => void;
  /** The look itself failed, or `changed` did. */
  readonly failed: (error: unknown) => void;
}

export interface AccountsWatch {
  /** Looks at once and takes up what is there, without the wait (SIGHUP). */
  now(): Promise<Outcome>;
  /** As `now`, and drops as many accounts as the file says. */
  acceptRemovals(): Promise<Outcome>;
  /** What is in force. */
  current(): Loaded;
  /** Ends the watch; a look under way is finished first. */
  stop(): Promise<void>;
}

/** Watches the files that the accounts in force were read from, and takes up what changes in them. */
export function watchAccounts(options: WatchOptions): AccountsWatch {
  const { clock, read } = options;
  const glance = makeGlance();
  const stopping = new AbortController();
  const said = new Set<string>();
  let inForce = options.inForce;
  /** The newest content that was decided on, refused and held ones included. */
  let judged: Pick<Reading, 'files' | 'digest'> = options.inForce;
  let pending: { readonly reading: Reading; readonly since: number } | undefined;
  let lastTurn: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = lastTurn.then(work);
    lastTurn = turn.catch(() => undefined);
    return turn;
  };

  const sayOnce = (outcome: Outcome, digest: string, say: () => void): Outcome => {
    const isNew = !said.has(`${outcome} ${digest}`);
    said.add(`${outcome} ${digest}`);
    if (isNew) say();
    return outcome;
  };

  const judge = async (reading: Reading, mayRemove: boolean): Promise<Outcome> => {
    pending = undefined;
    const error = errorOf(reading, inForce);
    if (error) {
      judged = reading;
      return sayOnce('refused', reading.digest, () => options.refused(error));
    }
    const diff = diffAccounts(inForce, reading);
    if (!mayRemove && removesMany(diff, inForce.accounts.length)) {
      judged = reading;
      const names = diff.removed.map(({ name }) => name);
      return sayOnce('held', reading.digest, () => options.held(names));
    }
    if (!isEmpty(diff)) await options.changed(reading, diff);
    inForce = isEmpty(diff) ? { ...inForce, files: reading.files, digest: reading.digest } : reading;
    judged = reading;
    if (said.size > 0) options.recovered();
    said.clear();
    return isEmpty(diff) ? 'unchanged' : 'changed';
  };

  const look = async (): Promise<void> => {
    const { files } = pending?.reading ?? judged;
    if (pending && !(await glance.differs(files))) {
      if (clock.now() - pending.since < SETTLE_MS) return;
      // Once more by content: within one tick of a coarse file clock a change leaves no trace in `stat`.
      if (!(await glance.differs(files, true))) {
        await judge(pending.reading, false);
        return;
      }
    } else if (!pending && !(await glance.differs(files))) return;
    const reading = await read();
    pending = reading.digest === judged.digest ? undefined : { reading, since: clock.now() };
  };

  const watching = (async () => {
    for (;;) {
      await clock.sleep(POLL_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      await inTurn(look).catch((error: unknown) => options.failed(error));
    }
  })();

  return {
    now: () => inTurn(async () => judge(await read(), false)),
    acceptRemovals: () => inTurn(async () => judge(await read(), true)),
    current: () => inForce,
    async stop() {
      stopping.abort();
      await watching;
      await lastTurn;
    },
  };
}

/** What speaks against a reading. A file that was there and is gone is an accident, not an empty file. */
function errorOf(reading: Reading, inForce: Loaded): ConfigurationError | undefined {
  const [file] = reading.files;
  if (file?.digest === ABSENT && inForce.files[0]?.digest !== ABSENT) {
    const message = 'is gone: put it back (the accounts it named stay in force)';
    return new ConfigurationError([{ at: file.path, message }]);
  }
  return reading.faults.length > 0 ? new ConfigurationError(reading.faults) : undefined;
}
