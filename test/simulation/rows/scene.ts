import type { RawEntry } from '../../../src/core/broker.ts';
import type { StrangersLogin, Stage } from '../../support/rows/stage.ts';
import type { BrokerCall } from '../broker-net.ts';
import { makeWorld, type LogLine, type World } from '../world.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

export interface SceneOptions {
  readonly broker: string;
  readonly entry: RawEntry;
  /** Entries beside it, of whoever else the row speaks of; they are never served. */
  readonly strangers?: readonly RawEntry[];
  /** Default a Monday at 06:00 UTC. */
  readonly startAt?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A call of the account, in ms since the signal came. */
export interface Sent {
  readonly operation: string;
  readonly afterMs: number;
  readonly status: number | undefined;
  readonly call: BrokerCall;
}

/** The signal: the call that it answered, and what the service first made of it. */
export interface Signal {
  readonly call: BrokerCall;
  /** When the call reached the broker, ms. */
  readonly at: number;
  /** How the service took it. */
  readonly line: LogLine;
}

/** One account in a world of its own, and what is seen of it. */
export interface Scene {
  readonly world: World;
  readonly broker: string;
  /** The account's name. */
  readonly name: string;
  readonly stage: Stage;
  /** Puts the account into service. */
  enable(): Promise<void>;
  /** Adds further accounts to the file. */
  add(...entries: readonly RawEntry[]): Promise<void>;
  /** Lets time pass until the arrangement is made. What is counted begins then. */
  arrange(work: () => void | Promise<void>): Promise<void>;
  /** The same, in the moment in which the next call of one of these operations arrives or is answered. */
  arrangeAt(
    operations: readonly string[],
    work: () => void | Promise<void>,
    limitMs: number,
    moment?: 'arrived' | 'answered',
  ): Promise<void>;
  /** Lets time pass until a call of one of these operations has come, and the service has said what it made of it. */
  signal(operations: readonly string[], limitMs: number): Promise<Signal>;
  /** The world is as it was before the arrangement, but for what time and the service have done. */
  heal(): void;
  /** Kills the process and starts another on its machine. */
  restart(): Promise<void>;
  /** The account's calls since the arrangement; only of these operations where some are named. */
  sent(...operations: readonly string[]): readonly Sent[];
  /** Incidents that were opened since the arrangement, as `<code> <level>`. */
  opened(): readonly string[];
  events(): readonly unknown[];
  /** The stretches without a token since the first one, ms since the epoch; the last may be open. */
  gaps(): readonly { readonly from: number; readonly until: number }[];
  /** The end of the token that is served, or was served last, ms. */
  servedUntil(): number;
  stop(): void;
}

/** What the service logs once it has made up its mind about an answer. */
const verdicts: readonly unknown[] = [
  'refresh.failed',
  'token.published',
  'token.unproved',
  'token.died_early',
  'approval.requested',
];
/** Beats and sweeps are not what the rows are about. */
const SWEEP_MS = 600_000;

export async function openScene(options: SceneOptions): Promise<Scene> {
  const { broker, strangers = [], startAt, settings } = options;
  const own: RawEntry = { broker, ...options.entry };
  const name = String(own.name ?? own.username);
  let others: readonly RawEntry[] = strangers.map((each) => ({ broker, ...each, enabled: false }));
  const world = await makeWorld({
    entries: [{ ...own, enabled: false }, ...others],
    sweepEveryMs: SWEEP_MS,
    ...(startAt !== undefined && { startAt }),
    ...(settings && { settings }),
  });
  const touched = new Set<string>();
  let mark = 0;
  let arrangedAt = world.now();
  /** When the next call shall come by the broker's clock: so long after its token's birth, or at an instant. */
  let wanted: { readonly ageMs: number } | { readonly at: number } | undefined;

  /** Time passes until it is done. */
  async function drive(work: void | Promise<void>): Promise<void> {
    const state = { isDone: false };
    const done = Promise.resolve(work).finally(() => {
      state.isDone = true;
    });
    await Promise.resolve();
    while (!state.isDone || world.now() < passesUntil) {
      await world.runFor(Math.max(100, passesUntil - world.now()));
      // Reading a file is real work, and needs the machine's own event loop.
      await new Promise(setImmediate);
    }
    await done;
  }
  const isServed = (): boolean => world.token(name) !== undefined;
  const want = (when: typeof wanted): void => {
    wanted = when;
  };
  let passesUntil = 0;
  const pass = (ms: number): Promise<void> => {
    passesUntil = world.now() + ms;
    return new Promise((resolve) => void world.timeline.after(ms, resolve));
  };

  async function sendLogin(_broker: string, login: StrangersLogin): Promise<void> {
    const account = world.replicas()[0]?.account(login.username);
    const signIn = account?.connection.signIn;
    if (!signIn) throw new Error(`no entry for ${login.username}`);
    // The broker takes another password meanwhile: on the wire that is a wrong one.
    const isWrong = login.password.includes('wrong');
    if (isWrong) world.setPassword(broker, login.username, 'made-up another');
    await signIn({ signal: new AbortController().signal }).catch(() => undefined);
    if (isWrong) world.setPassword(broker, login.username, undefined);
  }

  const stage: Stage = {
    clock: {
      now: world.clock.now,
      shift: (ageMs) => (isServed() ? want({ ageMs }) : pass(ageMs)),
      set: (at) => (isServed() ? want({ at }) : pass(at - world.clock.now())),
    },
    setting: () => 'http://brokers.simulated',
    fault: (rule) => world.fault(rule),
    setSwitch: (of, switchName, value) => {
      // Which of its environments a simulator plays is no trouble that ends.
      if (switchName !== 'environment') touched.add(switchName);
      world.setSwitch(of, switchName, value);
    },
    setPassword: world.setPassword,
    command: world.command,
    sendLogin,
  };

  const gaps: { from: number; until: number }[] = [];
  let servedUntil = 0;
  let missingSince: number | undefined;
  const look = (): void => {
    const served = isServed();
    if (served && missingSince !== undefined) gaps.push({ from: missingSince, until: world.now() });
    if (served) {
      missingSince = undefined;
      const until = Date.parse(world.meta(name)['expiresAt'] ?? '');
      if (until !== servedUntil) {
        servedUntil = until;
        world.timeline.at(until, look);
      }
    } else if (servedUntil > 0) missingSince ??= world.now();
  };
  world.onStep((changed) => {
    if (changed.includes(`token:${name}`)) look();
  });

  // The age of a token is a matter of the broker's clock: that stands elsewhere while the signal is made.
  const isOwn = ({ username }: BrokerCall): boolean =>
    username === undefined || username === (own.username ?? own.userId);
  let skewMs = 0;
  world.onCall((call, what) => {
    if (call.n <= mark || !isOwn(call)) return;
    if (what === 'arrived' && wanted) {
      const born = world.calls().findLast(({ status, n }) => status === 200 && n < call.n)?.startedAt ?? 0;
      skewMs = 'at' in wanted ? wanted.at - call.startedAt : wanted.ageMs - (call.startedAt - born);
      wanted = undefined;
      world.clock.shift(skewMs);
    } else if (what !== 'arrived' && skewMs !== 0) {
      world.clock.shift(-skewMs);
      skewMs = 0;
    }
  });

  const write = async (): Promise<void> => {
    world.writeEntries([own, ...others]);
    await world.reload();
  };
  const scene: Scene = {
    world,
    broker,
    name,
    stage,
    enable: write,
    async add(...entries) {
      others = [...others, ...entries.map((each) => ({ broker, ...each }))];
      await write();
    },
    async arrange(work) {
      await drive(work());
      mark = world.calls().length;
      arrangedAt = world.now();
    },
    async arrangeAt(operations, work, limitMs, moment = 'answered') {
      let made: Promise<void> | undefined;
      world.onCall((call, what) => {
        if (made || what !== moment || !operations.includes(call.operation)) return;
        // A call that is answered belongs to what was before, one that arrives is the first to be counted.
        mark = moment === 'arrived' ? call.n - 1 : call.n;
        arrangedAt = world.now();
        made = Promise.resolve(work());
      });
      await world.runUntil(`a call of ${operations.join()}`, () => made !== undefined, limitMs);
      await made;
    },
    async signal(operations, limitMs) {
      let found: BrokerCall | undefined;
      const come = (): boolean => {
        found ??= scene.sent(...operations)[0]?.call;
        return found !== undefined;
      };
      await world.runUntil(`a call of ${operations.join()}`, come, limitMs);
      const call = found;
      if (!call) throw new Error('no call');
      let line: LogLine | undefined;
      const judged = (): boolean => {
        line ??= world.log.find(
          ({ at, fields }) =>
            at >= call.startedAt && fields['account'] === name && verdicts.includes(fields['event']),
        );
        return line !== undefined;
      };
      await world.runUntil('a verdict', judged, 30 * SECOND_MS);
      if (!line) throw new Error('no verdict');
      return { call, at: call.startedAt, line };
    },
    heal() {
      world.clearFaults();
      for (const each of touched) world.setSwitch(broker, each, undefined);
      for (const [command, argument] of remedies[broker] ?? []) world.command(broker, command, argument);
    },
    async restart() {
      const [replica] = world.replicas();
      if (!replica) throw new Error('no process runs');
      replica.life.kill();
      await world.startReplica({}, replica.disk);
    },
    sent(...operations) {
      const calls = world
        .calls()
        .filter(
          (call) =>
            call.n > mark && isOwn(call) && (operations.length === 0 || operations.includes(call.operation)),
        );
      return calls.map((call) => ({
        operation: call.operation,
        afterMs: call.startedAt - arrangedAt,
        status: call.status,
        call,
      }));
    },
    opened: () =>
      world.alerts
        .filter(({ at, what }) => at >= arrangedAt && what === 'opened')
        .map(({ code, level }) => `${code} ${level}`),
    events: () => world.events.filter(({ at }) => at >= arrangedAt).map(({ event }) => event['event']),
    gaps: () => (missingSince === undefined ? gaps : [...gaps, { from: missingSince, until: world.now() }]),
    servedUntil: () => servedUntil,
    stop: world.stop,
  };
  return scene;
}

/** Commands that end what other commands have begun. */
const remedies: Readonly<Record<string, readonly (readonly [command: string, argument?: string])[]>> = {
  tradovate: [['forget-penalties'], ['approve-devices']],
  ig: [['clear-answers'], ['maintenance', 'off'], ['unlock']],
  upstox: [],
};
