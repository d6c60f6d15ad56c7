import type { RawEntry } from '../../src/core/broker.ts';
import type { DialectRequest } from '../../src/core/dialect.ts';
import { generationOf, report, writeJunk } from './bots.ts';
import type { BrokerCall } from './broker-net.ts';
import { nameOf, type Invariants } from './invariants/index.ts';
import type { Dice } from './random.ts';
import type { Snapshot } from './redis/keyspace.ts';
import type { Replica } from './replica.ts';
import type { World } from './world.ts';

/** What can go wrong. `in a call`: at some moment between a call's arrival at a broker and the end of its commit. */
export const wrongs = [
  'crash',
  'crash at an await',
  'crash in a call',
  'pause in a call',
  'job doubled in a call',
  'redis away in a call',
  'redis replies lost in a call',
  'deploy',
  'pause',
  'clock jump',
  'clock skew',
  'jobs doubled',
  'jobs lost',
  'worker wedged',
  'redis replies lost',
  'redis away',
  'redis slow',
  'redis read-only',
  'redis emptied',
  'redis rolled back',
  'keys removed',
  'broker drops answers',
  'broker slow',
  'broker stalls',
  'broker away',
  'broker errors',
  'broker pages',
  'broker throttles',
  'broker spoils answers',
  'tokens ended',
  'disk full',
] as const;

/** Past the end of every lease: drawn beside the others from a later seed on, see `wrongsOf`. */
const LONG_PAUSE = 'long pause in a call';

/** From the same seed on. */
const SOME_FAIL = 'broker fails some accounts';

/** Bots: some that say what they met, and one that floods. Drawn from `REPORTED` on. */
const reports = ['bots report', 'bots report', 'bot floods'] as const;

export type Wrong = (typeof wrongs)[number] | typeof LONG_PAUSE | typeof SOME_FAIL | (typeof reports)[number];

/** Up to this seed a run plays as it did when what it broke was mended. */
const AS_MENDED = 2_000;

/** From this seed on bots report tokens, and the desk has accounts that somebody else serves. */
export const REPORTED = 50_001;

/** What may go wrong in a run of this seed. */
export function wrongsOf(seed: number): readonly Wrong[] {
  if (seed <= AS_MENDED) return wrongs;
  const some = [...wrongs, LONG_PAUSE, LONG_PAUSE, LONG_PAUSE, LONG_PAUSE, SOME_FAIL, SOME_FAIL] as const;
  return seed < REPORTED ? some : [...some, ...reports, ...reports, ...reports];
}

const SECOND_MS = 1_000;
/** Between two machines whose clocks are kept. */
const MOST_SKEW_MS = 4_000;
const MINUTE_MS = 60 * SECOND_MS;

/** Does it; says how long it lasts, ms. */
export function begin(world: World, invariants: Invariants, wrong: Wrong, dice: Dice): number {
  const { timeline, redisNet, redisServer, jobs } = world;
  const victim = (): Replica | undefined => {
    const [first, ...rest] = world.replicas();
    return first && dice.pick([first, ...rest]);
  };
  const brokers = [
    ...new Set(world.entries().map(({ broker }) => (typeof broker === 'string' ? broker : 'tradovate'))),
  ];
  const broker = dice.pick([brokers[0] ?? 'tradovate', ...brokers.slice(1)]);
  const few = (low: number, high: number): number => dice.whole(low, high);
  const during = (lastsMs: number, rule: { remove(): void }): number => {
    timeline.after(lastsMs, () => rule.remove());
    return lastsMs;
  };
  const fault = (kind: Parameters<World['fault']>[0]['kind'], lastsMs: number, more: object = {}): number =>
    during(lastsMs, world.fault({ broker, kind, ...more }));

  switch (wrong) {
    case 'crash':
      return restart(world, victim(), few(1, 60) * SECOND_MS, dice);
    case 'crash at an await': {
      const process = victim();
      const awayMs = few(1, 60) * SECOND_MS;
      process?.life.killAfter(few(1, 80));
      process?.life.onDeath(() => void restart(world, process, awayMs, dice));
      return awayMs + 5 * MINUTE_MS;
    }
    case 'crash in a call':
      return inNextCall(
        world,
        ({ process, awayMs }) => {
          // At each of the awaits from the arrival at the broker to the end of the commit.
          process.life.killAfter(few(1, 8));
          process.life.onDeath(() => void restart(world, process, awayMs, dice));
        },
        few(1, 60) * SECOND_MS,
      );
    case 'pause in a call':
      return inNextCall(world, ({ process }) => {
        const lastsMs = dice.pick([few(5, 20), few(20, 200)]) * SECOND_MS;
        process.life.pause(lastsMs);
        jobs.suspect(process.life, lastsMs);
      });
    case LONG_PAUSE:
      return inNextCall(world, ({ process }) => {
        const lastsMs = few(16, 90) * SECOND_MS;
        // Anywhere up to the end of the commit.
        timeline.after(few(0, 600), () => {
          process.life.pause(lastsMs);
          jobs.suspect(process.life, lastsMs);
        });
      });
    case 'job doubled in a call':
      return inNextCall(world, ({ call }) => {
        const entry = world.entries().find(({ username }) => username === call.username);
        const name = nameOf(entry ?? { username: call.username });
        for (let i = few(1, 3); i > 0; i--) timeline.after(few(0, 300), () => jobs.add(call.broker, [name]));
      });
    case 'redis away in a call':
      return inNextCall(world, () => {
        timeline.after(few(0, 400), () => redisNet.cutUntil(timeline.now() + few(1, 90) * SECOND_MS));
      });
    case 'redis replies lost in a call':
      return inNextCall(world, () => {
        timeline.after(few(0, 400), () => redisNet.loseReplies(few(1, 3)));
      });
    case 'deploy': {
      const old = victim();
      // The new one first, as a rolling deploy does.
      timeline.after(0, () => start(world, undefined));
      timeline.after(few(1, 20) * SECOND_MS, () => old?.stop());
      return 40 * SECOND_MS;
    }
    case 'pause': {
      const lastsMs = dice.pick([few(1, 9), few(10, 40), few(60, 600)]) * SECOND_MS;
      const process = victim();
      process?.life.pause(lastsMs);
      if (process) jobs.suspect(process.life, lastsMs);
      return lastsMs;
    }
    case 'clock jump': {
      const byMs = few(-30, 30) * MINUTE_MS;
      const process = victim();
      const move = (ms: number): void => {
        process?.life.moveClock(ms);
        invariants.clockMoved(Math.abs(process?.life.clockOffset() ?? 0) + MOST_SKEW_MS);
        process?.running()?.schedule.replan();
        process?.running()?.schedule.alarm();
      };
      move(byMs);
      const lastsMs = few(1, 20) * MINUTE_MS;
      timeline.after(lastsMs, () => move(-byMs));
      return lastsMs + MINUTE_MS;
    }
    case 'clock skew': {
      const process = victim();
      // One that stands wrong altogether is put right by whoever moved it.
      if (!process || Math.abs(process.life.clockOffset()) > MOST_SKEW_MS) return 0;
      process.life.moveClock(few(-MOST_SKEW_MS / 2, MOST_SKEW_MS / 2) - process.life.clockOffset());
      invariants.clockMoved(MOST_SKEW_MS);
      return 0;
    }
    case 'jobs doubled':
    case 'jobs lost': {
      const lastsMs = few(1, 20) * MINUTE_MS;
      jobs.setFaults(wrong === 'jobs lost' ? { doubled: 0, lost: 0.2 } : { doubled: 0.4, lost: 0 });
      timeline.after(lastsMs, () => jobs.setFaults({ doubled: 0, lost: 0 }));
      return lastsMs;
    }
    case 'worker wedged': {
      const process = victim();
      if (process) jobs.wedge(process.life, broker);
      return MINUTE_MS;
    }
    case 'redis replies lost':
      redisNet.loseReplies(few(1, 6));
      redisNet.failNext(few(0, 6));
      timeline.after(10 * SECOND_MS, () => redisNet.mend());
      return 10 * SECOND_MS;
    case 'redis away': {
      const lastsMs = dice.pick([few(1, 10), few(30, 300)]) * SECOND_MS;
      redisNet.cutUntil(timeline.now() + lastsMs);
      alarmAll(world);
      timeline.after(lastsMs, () => alarmAll(world));
      return lastsMs;
    }
    case 'redis slow': {
      const lastsMs = few(10, 120) * SECOND_MS;
      redisNet.slowUntil(timeline.now() + lastsMs, few(50, 1_500));
      return lastsMs;
    }
    case 'redis read-only': {
      const lastsMs = few(1, 20) * SECOND_MS;
      redisServer.setReadOnly(true);
      timeline.after(lastsMs, () => {
        redisServer.setReadOnly(false);
        alarmAll(world);
      });
      return lastsMs;
    }
    case 'redis emptied':
      lose(world, invariants, () => redisServer.keyspace.clear());
      redisServer.forgetScripts();
      jobs.lose();
      alarmAll(world);
      return MINUTE_MS;
    case 'redis rolled back': {
      const snapshotAt = timeline.now();
      const snapshot: Snapshot = redisServer.keyspace.snapshot();
      const lostMs = few(200, 1_000);
      timeline.after(lostMs, () => {
        world.loseData(() => redisServer.keyspace.restore(snapshot));
        invariants.redisRolledBack(snapshotAt);
        redisNet.cutUntil(timeline.now() + few(1, 10) * SECOND_MS);
        alarmAll(world);
      });
      return MINUTE_MS;
    }
    case 'keys removed': {
      const keys = redisServer.keyspace.keys().filter((key) => /^(?:token|auth|meta|state):/.test(key));
      for (const key of keys) if (dice.chance(0.4)) redisServer.keyspace.remove(key);
      return 31 * SECOND_MS;
    }
    case 'broker drops answers':
      return fault('drop-after', few(5, 120) * SECOND_MS, { share: 0.5 + dice.random() / 2 });
    case 'broker slow':
      return fault('slow', few(10, 300) * SECOND_MS, {
        ms: dice.pick([2_000, 7_000, 12_000, 40_000]),
        share: 0.7,
      });
    case 'broker stalls':
      return fault('stall', few(10, 300) * SECOND_MS, { share: 0.8 });
    case 'broker away':
      return fault('unreachable', dice.pick([few(5, 60), few(60, 5_400)]) * SECOND_MS);
    case 'broker errors':
      return fault('status', dice.pick([few(5, 60), few(60, 1_800)]) * SECOND_MS, {
        status: dice.pick([500, 502, 503, 504]),
      });
    case SOME_FAIL: {
      const some = world.entries().filter(() => dice.chance(0.5));
      const isOfSome = (request: DialectRequest): boolean =>
        some.some((entry) => isOf(world, entry, request));
      const lastsMs = dice.pick([few(30, 300), few(300, 1_800)]) * SECOND_MS;
      const kind = dice.pick(['unreachable', 'status', 'stall'] as const);
      return fault(kind, lastsMs, { only: isOfSome, ...(kind === 'status' && { status: 503 }) });
    }
    case 'broker pages':
      return fault('html', few(5, 600) * SECOND_MS, { status: dice.pick([200, 403, 502]) });
    case 'broker throttles':
      return fault('throttle', few(5, 120) * SECOND_MS, { times: few(1, 6) });
    case 'broker spoils answers':
      return fault(
        dice.pick(['half', 'garbage', 'empty', 'drop', 'large', 'trickle', 'gzip', 'wrong-type']),
        few(5, 60) * SECOND_MS,
        {
          times: few(1, 4),
        },
      );
    case 'tokens ended':
      world.command(broker, 'expire-all');
      return 35 * MINUTE_MS;
    case 'bots report': {
      const names = world.entries().map(nameOf);
      for (const name of names) {
        const generation = generationOf(world, name);
        for (let i = few(0, 30); i > 0; i--) {
          const said = dice.pick([generation, generation, generation, 0, generation - 1, generation + 1]);
          timeline.after(few(0, 5 * SECOND_MS), () => report(world, name, Math.max(0, said)));
        }
      }
      return 10 * SECOND_MS;
    }
    case 'bot floods': {
      const lastsMs = few(30, 300) * SECOND_MS;
      const name = dice.pick([nameOf(world.entries()[0] ?? {}), ...world.entries().map(nameOf)]);
      const end = timeline.now() + lastsMs;
      const flood = async (): Promise<void> => {
        await report(world, name, generationOf(world, name), 20);
        await report(world, 'NOBODY', 1, 5);
        await writeJunk(world, 5);
        if (timeline.now() < end) timeline.after(few(1, 3) * SECOND_MS, flood);
      };
      timeline.after(0, flood);
      return lastsMs;
    }
    case 'disk full': {
      const lastsMs = few(10, 300) * SECOND_MS;
      for (const disk of world.disks()) disk.failUntil(timeline.now() + lastsMs);
      return lastsMs;
    }
  }
}

/** True for a call that is made for this entry, as far as it shows. */
function isOf(world: World, entry: RawEntry, { headers, body }: DialectRequest): boolean {
  const { username, apiKey } = entry;
  const token = world.token(nameOf(entry));
  return (
    (typeof apiKey === 'string' && headers['x-ig-api-key'] === apiKey) ||
    (typeof username === 'string' && body.includes(username)) ||
    (token !== undefined && headers['authorization']?.includes(token) === true)
  );
}

/** What a wrong finds that waits for a call. */
interface InCall {
  readonly call: BrokerCall;
  readonly process: Replica;
  readonly awayMs: number;
}

/** Does it as soon as a call has arrived at a broker, within the next hours. */
function inNextCall(world: World, work: (found: InCall) => void, awayMs = 0): number {
  let isDone = false;
  world.onCall((call, what) => {
    const process = world.replicas().find(({ life }) => life.name === call.by);
    if (isDone || what !== 'arrived' || !process || world.isCalm()) return;
    isDone = true;
    world.note(`chaos: in call ${call.n}`);
    work({ call, process, awayMs });
  });
  return 2 * 60 * MINUTE_MS;
}

function alarmAll(world: World): void {
  for (const replica of world.replicas()) replica.running()?.schedule.alarm();
}

/** Takes data away behind everybody's back. What is then there was written by nobody. */
function lose(world: World, invariants: Invariants, take: () => void): void {
  world.loseData(take);
  invariants.redisLost();
}

/** Kills a process; another one takes its place on the same machine, or on a new one, after a while. */
function restart(world: World, process: Replica | undefined, awayMs: number, dice: Dice): number {
  if (!process) return 0;
  process.life.kill();
  const disk = dice.chance(0.7) ? process.disk : undefined;
  world.timeline.after(awayMs, () => start(world, disk));
  return awayMs;
}

async function start(world: World, disk: Replica['disk'] | undefined): Promise<void> {
  await world.startReplica({}, disk);
}
