import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { placesFailing, wholeAt, type Level } from './book.ts';
import type { Channel, Notice } from './channel.ts';
import { overdue } from './deliveries.ts';
import {
  failed,
  failing,
  left,
  recovered,
  resolved,
  retained,
  type AccountRef,
  type Failing,
  type Failure,
} from './incidents.ts';
import { settled } from './settling.ts';
import { makeSenderLease } from './lease.ts';
import type { Morning } from './morning.ts';
import { startSender } from './sender.ts';
import { makeBookStore, type Change, type ScriptRunner } from './store.ts';
import type { ChannelState } from './trouble.ts';

/** Something wrong with no account in particular; `broker` where it is one broker's. */
export interface Concern {
  readonly broker?: string | undefined;
  readonly code: string;
  /** The process that it is about, where others may be well: who says so of itself takes back its own word alone. */
  readonly place?: string | undefined;
  /** What is wrong there in particular, beside the message that all share. */
  readonly why?: string | undefined;
  readonly message: string;
  readonly nextAt?: number | undefined;
  /** What happens next, where it is neither a try nor a person's turn. */
  readonly next?: string | undefined;
  readonly link?: string | undefined;
  readonly level: Level;
}

export interface AlertsParts {
  readonly redis: ScriptRunner;
  readonly clock: Clock;
  readonly channels: readonly Channel[];
  readonly log: Log;
  /** What messages say of whoever reads them. */
  readonly reader?: Pick<Notice, 'zone' | 'home'> | undefined;
  /** This process, for its lease; unlike that of every other process on this Redis. */
  readonly instance: string;
}

/**
 * What people hear. Every call waits for Redis at most, never for a channel, and never rejects: a
 * failed write is logged, kept and tried again.
 */
export interface Alerts {
  /** An account fails. Repeating it is free: only what is new is said. */
  failed(failure: Failure): Promise<void>;
  /** An account works. Free where it never failed. */
  recovered(account: AccountRef): Promise<void>;
  /** An account is taken out of service: it leaves its incident without a word of recovery. */
  leave(account: AccountRef): Promise<void>;
  raise(concern: Concern): Promise<void>;
  resolve(concern: Pick<Concern, 'broker' | 'code' | 'place'>): Promise<void>;
  /** The processes that a concern is said of now; an empty name where it is said of the whole. Rejects where Redis does. */
  places(concern: Pick<Concern, 'broker' | 'code'>): Promise<readonly string[]>;
  /** All accounts that are watched: any other leaves its incident, without a word of recovery. */
  retain(watched: readonly AccountRef[]): Promise<void>;
  /** Who fails, as far as people were told. Rejects where Redis does. */
  failing(): Promise<readonly Failing[]>;
  /** A morning's line, said once by each channel, whichever process says it. Rejects where Redis does. */
  greet(morning: Omit<Morning, 'sent'>): Promise<void>;
  /** How each channel does as this process knows it, how much it has not been told, and for how long. Rejects where Redis is away. */
  channels(): Promise<readonly (Channelled & { readonly waiting: number; readonly oldestMs: number })[]>;
  /** The same without Redis. */
  states(): readonly Channelled[];
  /** Ends after a message under way; what is unsaid is said by the next process. */
  stop(): Promise<void>;
}

/** A channel, and how it does. */
export interface Channelled {
  readonly channel: string;
  readonly state: ChannelState;
}

/** The `broker` of what concerns the whole service. */
const SERVICE = 'service';

/** Starts a sender per channel over the incidents in Redis. Without channels, incidents are only kept. */
export function startAlerts(parts: AlertsParts): Alerts {
  const { clock, channels, log, redis } = parts;
  // A restarted process may have its predecessor's name, never its start.
  const owner = `${parts.instance}/${clock.now()}`;
  const store = makeBookStore(redis, owner, log);
  const names = channels.map((channel) => channel.name);
  const change = (rule: Change): Promise<void> => {
    const now = clock.now();
    return store.change((book) => settled(rule(book), names, now));
  };
  const senders = channels.map((channel) =>
    startSender({
      channel,
      store,
      change,
      lease: makeSenderLease(redis, channel.name, owner),
      clock,
      log,
      reader: parts.reader,
    }),
  );

  const states: Alerts['states'] = () =>
    senders.map((sender, i) => ({ channel: names[i] ?? '', state: sender.state() }));

  const tell = async (rule: (now: number) => Change): Promise<void> => {
    try {
      await change(rule(clock.now()));
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown';
      log.warn({ event: 'alert.not_stored', reason }, 'Redis did not take an alert; it is tried again.');
    }
    for (const sender of senders) sender.nudge();
  };

  return {
    failed: (failure) => tell((now) => (book) => failed(book, failure, now)),
    recovered: (account) => tell((now) => (book) => recovered(book, account, now)),
    leave: (account) => tell((now) => (book) => left(book, account, now)),
    raise: (concern) => {
      const failure = { ...concern, broker: concern.broker ?? SERVICE, account: wholeAt(concern.place) };
      return tell((now) => (book) => failed(book, failure, now));
    },
    resolve: (concern) => {
      const cause = { ...concern, broker: concern.broker ?? SERVICE };
      return tell((now) => (book) => resolved(book, cause, now));
    },
    retain: (watched) => tell((now) => (book) => retained(book, watched, now)),
    places: async ({ broker = SERVICE, code }) => placesFailing(await store.read(), { broker, code }),
    failing: async () => failing(await store.read()),
    async greet(morning) {
      await change((book) =>
        book.morning?.day === morning.day ? book : { ...book, morning: { ...morning, sent: [] } },
      );
      for (const sender of senders) sender.nudge();
    },
    states,
    async channels() {
      if (channels.length === 0) return [];
      const book = await store.read();
      const now = clock.now();
      return states().map((each) => {
        const { waiting, since } = overdue(book, each.channel, now);
        return { ...each, waiting, oldestMs: since === undefined ? 0 : now - since };
      });
    },
    async stop() {
      await Promise.all(senders.map((sender) => sender.stop()));
    },
  };
}
