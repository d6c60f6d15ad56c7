import type { RawEntry } from '../../../src/core/broker.ts';
import { describe } from '../../../src/core/describe.ts';
import { makeRoster } from '../../../src/redis/roster.ts';
import { readFacts } from '../../../src/redis/statuses.ts';
import type { Stage } from '../../support/rows/stage.ts';
import type { BrokerCall } from '../broker-net.ts';
import { restart, SECOND_MS, watchGaps } from '../days/clockwork.ts';
import { makeWorld, type LogLine, type World } from '../world.ts';
import { makeStage } from './broker-stage.ts';

export { HOUR_MS, MINUTE_MS, SECOND_MS } from '../days/clockwork.ts';

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
  /** What the status says of the account, in words. */
  message(): Promise<string>;
  stop(): void;
}

/** What the service logs once it has made up its mind about an answer. */
const verdicts: readonly unknown[] = [
  'refresh.failed',
  'accounts.unlisted',
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
  const isOwn = ({ username }: BrokerCall): boolean =>
    username === undefined || username === (own.username ?? own.userId);
  let mark = 0;
  let arrangedAt = world.now();
  const staged = makeStage(world, broker, name, (call) => call.n > mark && isOwn(call));
  const gaps = watchGaps(world, [name]);
  let servedUntil = 0;
  world.onStep((changed) => {
    if (changed.includes(`meta:${name}`)) {
      servedUntil = Date.parse(world.meta(name)['expiresAt'] ?? '') || servedUntil;
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
    stage: staged.stage,
    enable: write,
    async add(...entries) {
      others = [...others, ...entries.map((each) => ({ broker, ...each }))];
      await write();
    },
    async arrange(work) {
      await staged.drive(work());
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
    heal: staged.heal,
    restart: () => restart(world),
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
    gaps: () => gaps.of(name),
    servedUntil: () => servedUntil,
    async message() {
      const entry = await makeRoster(world.redis).get(name);
      if (!entry) throw new Error(`${name} is not on the roster`);
      const [facts] = await readFacts(world.redis, [[name, entry]]);
      return facts ? describe(facts, world.now()).message : '';
    },
    stop: world.stop,
  };
  return scene;
}
