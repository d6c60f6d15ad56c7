import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { ChannelError, type Channel, type Notice } from './channel.ts';
import { delivered, nextTask, saidMorning, type Task } from './deliveries.ts';
import type { SenderLease } from './lease.ts';
import { unsaidMorning, type Morning } from './morning.ts';
import type { BookStore, Change } from './store.ts';
import { makeTrouble, type ChannelState } from './trouble.ts';

export interface SenderParts {
  readonly channel: Channel;
  /** What messages say of whoever reads them. */
  readonly reader?: Pick<Notice, 'zone' | 'home'> | undefined;
  readonly store: Pick<BookStore, 'read'>;
  /** Changes the book and forgets what is settled. */
  readonly change: (change: Change) => Promise<void>;
  readonly lease: SenderLease;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Sender {
  /** Something may be there to say. */
  nudge(): void;
  /** How the channel does, as far as this process has tried it. */
  state(): ChannelState;
  /** Ends after the call under way, if any; what is unsaid stays in Redis. */
  stop(): Promise<void>;
}

/** A morning's line that is still to be said. */
interface Greeting {
  readonly act: 'greet';
  readonly morning: Morning;
}

/** Looks by itself this often: another replica may have stored something and died. */
const LOOK_MS = 1_000;
/** Between two messages to one channel; Discord takes about 5 in 2 s. */
const GAP_MS = 450;
/** Tells one channel what it has not heard yet, one message at a time. Runs until stopped. */
export function startSender(parts: SenderParts): Sender {
  const { channel, clock, log } = parts;
  const bell = makeBell(clock);
  const trouble = makeTrouble(channel, log);
  let stopping = false;
  let quietUntil = 0;

  const run = async (): Promise<void> => {
    await channel.prepare().catch(() => undefined);
    // Before the first success it is the start that waits, and says so itself.
    let redisFails = true;
    while (!stopping) {
      try {
        await round();
        redisFails = false;
      } catch (error) {
        if (!redisFails) {
          log.warn(
            { event: 'alert.store_failing', reason: nameOf(error) },
            'Alerts wait: Redis does not answer.',
          );
        }
        redisFails = true;
      }
      await bell.wait(LOOK_MS);
    }
  };

  /** Sends until nothing is due. Holds the lease only meanwhile: a killed process blocks nobody for long. */
  const round = async (): Promise<void> => {
    const isQuiet = clock.now() < quietUntil;
    if (isQuiet && trouble.state() === 'works') return;
    if ((await due()) === undefined) {
      // What this process could not say another one has said: nobody shall look for a fault here any more.
      trouble.over('elsewhere');
      quietUntil = 0;
      return;
    }
    if (isQuiet || !(await parts.lease.hold())) return;
    try {
      for (;;) {
        // Read under the lease: another replica may have sent it a moment ago.
        const task = await due();
        if (task === undefined || !(await deliver(task))) return;
        await clock.sleep(GAP_MS);
        if (stopping || !(await parts.lease.hold())) return;
      }
    } finally {
      await parts.lease.release();
    }
  };

  /** What goes wrong goes before the morning's line. */
  const due = async (): Promise<Task | Greeting | undefined> => {
    const book = await parts.store.read();
    const now = clock.now();
    const task = nextTask(book, channel.name, now, channel.calls);
    if (task !== undefined && task.dueAt <= now) return task;
    const morning = unsaidMorning(book, channel.name, now);
    return morning && { act: 'greet', morning };
  };

  /** True where the channel is ready for another message. */
  const deliver = async (task: Task | Greeting): Promise<boolean> => {
    let message: string;
    try {
      message = await say(task);
      trouble.over('said');
    } catch (error) {
      const failure = error instanceof ChannelError ? error : new ChannelError(nameOf(error), 'transient');
      if (failure.kind !== 'unacceptable') {
        const waitMs = trouble.wait(failure);
        quietUntil = clock.now() + waitMs;
        if (failure.kind === 'throttled') await parts.lease.silence(waitMs);
        return false;
      }
      // Sent again it would be refused again, and everything behind it would wait for ever.
      const what = task.act === 'greet' ? 'the line of the morning' : task.incident.id;
      const fields = { channel: channel.name, incident: what, reason: failure.message };
      log.error(
        { event: 'alert.refused', ...fields },
        `An alert by ${channel.name} is refused and skipped: ${failure.message}.`,
      );
      message = task.act === 'greet' ? '' : (task.incident.sent[channel.name]?.message ?? '');
    }
    const now = clock.now();
    await parts.change((book) =>
      task.act === 'greet'
        ? saidMorning(book, task.morning.day, channel.name)
        : delivered(book, task, channel.name, message, now),
    );
    return true;
  };

  /** Returns the id of the message that now stands for the incident. */
  const say = async (task: Task | Greeting): Promise<string> => {
    if (task.act === 'greet') {
      await channel.greet(task.morning, clock.now());
      return '';
    }
    const { act, incident } = task;
    const notice = { ...parts.reader, incident, now: clock.now() };
    const message = incident.sent[channel.name]?.message ?? '';
    if (act === 'close') {
      await channel.close(message, notice);
      return message;
    }
    if (act === 'remind') {
      await channel.remind(notice);
      return message;
    }
    if (act === 'edit' && message !== '') {
      if ((await channel.edit(message, notice)) === 'edited') return message;
      // A second call needs the lease for its full time.
      if (!(await parts.lease.hold())) throw new ChannelError('another replica speaks', 'transient');
    }
    return channel.open(notice);
  };

  const running = run();
  return {
    nudge: bell.ring,
    state: trouble.state,
    async stop() {
      stopping = true;
      bell.ring();
      await running;
      channel.stop();
    },
  };
}

/** A sleep that can be cut short; a ring while nobody sleeps cuts the next one. */
function makeBell(clock: Clock): {
  readonly ring: () => void;
  readonly wait: (delayMs: number) => Promise<void>;
} {
  let rung = new AbortController();
  return {
    ring: () => {
      rung.abort();
    },
    wait: async (delayMs) => {
      await clock.sleep(delayMs, rung.signal);
      if (rung.signal.aborted) rung = new AbortController();
    },
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
