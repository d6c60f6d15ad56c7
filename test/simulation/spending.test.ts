import { beforeEach, describe, expect, test } from 'vitest';
import type { BrokerCall } from './broker-net.ts';
import { makeDisk, type SimulatedDisk } from './disk.ts';
import { watchSpending } from './invariants/calls.ts';
import { makeLife, type Life } from './process.ts';
import { makeDice } from './random.ts';
import { makeTimeline, type Timeline } from './timeline.ts';

/* The judge of refresh tokens that went out twice excuses what docs/reliability.md promises nothing about, and no more. */

const START = 1_790_000_000_000;
const SECOND_MS = 1_000;

interface Process {
  readonly life: Life;
  readonly disk: SimulatedDisk;
}

let timeline: Timeline;
let processes: Process[];
let calls: BrokerCall[];
let hear: (call: BrokerCall) => void;
let backAt: number;
let rolledBack: (from: number) => void;

const start = (name: string, disk = makeDisk(timeline, makeDice(1))): Process => {
  const process = { life: makeLife(name, timeline), disk };
  processes.push(process);
  process.life.onDeath(() => (processes = processes.filter((each) => each !== process)));
  return process;
};

function watch(factsOutliveRedis = false): void {
  let step: (changed: readonly string[]) => void = () => undefined;
  timeline = makeTimeline(START, () => step([]));
  processes = [];
  calls = [];
  backAt = -Infinity;
  ({ rolledBack } = watchSpending(
    {
      now: timeline.now,
      calls: () => calls,
      onCall: (listener) => (hear = (call) => listener(call, 'arrived')),
      onStep: (check) => (step = check),
      replicas: () => processes,
      redisNet: { lastCut: () => ({ from: backAt - SECOND_MS, until: backAt }) },
    },
    { factsOutliveRedis },
  ));
}
beforeEach(() => watch());

const at = (seconds: number, work: () => void): void => void timeline.at(START + seconds * SECOND_MS, work);
/** The refresh token goes out. */
const sendsAt = (seconds: number, { life: { name } }: Process): void =>
  at(seconds, () => {
    const call = {
      n: calls.length + 1,
      broker: 'ig',
      operation: 'refresh-token',
      egress: 'default',
      startedAt: timeline.now(),
      effect: true,
      by: name,
      spends: 'fingerprint',
      request: { method: 'POST', path: '/', query: {}, headers: {}, body: undefined },
    } as unknown as BrokerCall;
    calls.push(call);
    hear(call);
  });
/** Redis loses what was written since, and is back two seconds later. */
const losesAt = (seconds: number, since: number): void =>
  at(seconds, () => {
    backAt = timeline.now() + 2 * SECOND_MS;
    rolledBack(START + since * SECOND_MS);
  });
const diesAt = (seconds: number, { life }: Process): void => at(seconds, () => life.kill());
const play = (): Promise<void> => timeline.runUntil(START + 60 * SECOND_MS);

describe('a refresh token that goes out twice', () => {
  test.each([1.5, 2.5, 5])('is excused where who sent it died with Redis, after %s s', async (seconds) => {
    const [first, other] = [start('first'), start('other')];
    sendsAt(1, first);
    losesAt(2, 0.5);
    diesAt(seconds, first);
    sendsAt(8, other);
    await expect(play()).resolves.toBeUndefined();
  });

  test('is excused once', async () => {
    const [first, other] = [start('first'), start('other')];
    sendsAt(1, first);
    losesAt(2, 0.5);
    diesAt(2, first);
    sendsAt(8, other);
    sendsAt(9, start('third'));
    await expect(play()).rejects.toThrow('was sent twice');
  });

  test('is a fault where who sent it lives', async () => {
    const [first, other] = [start('first'), start('other')];
    sendsAt(1, first);
    losesAt(2, 0.5);
    sendsAt(8, other);
    await expect(play()).rejects.toThrow('was sent twice');
  });

  test('is a fault where who sent it died when it had put back what it got for it', async () => {
    const [first, other] = [start('first'), start('other')];
    sendsAt(1, first);
    losesAt(2, 0.5);
    diesAt(7, first);
    sendsAt(8, other);
    await expect(play()).rejects.toThrow('was sent twice');
  });

  test('is a fault where Redis lost nothing', async () => {
    const [first, other] = [start('first'), start('other')];
    sendsAt(1, first);
    diesAt(1.5, first);
    sendsAt(8, other);
    await expect(play()).rejects.toThrow('was sent twice');
  });

  test('is a fault where it went out before what Redis lost', async () => {
    const [first, other] = [start('first'), start('other')];
    sendsAt(1, first);
    losesAt(4, 2);
    diesAt(4, first);
    sendsAt(8, other);
    await expect(play()).rejects.toThrow('was sent twice');
  });

  test('is a fault of who starts on the disk of who sent it', async () => {
    const first = start('first');
    sendsAt(1, first);
    losesAt(2, 0.5);
    diesAt(2, first);
    sendsAt(8, start('heir', first.disk));
    await expect(play()).rejects.toThrow('was sent twice');
  });

  test('is a fault where all are on one folder', async () => {
    watch(true);
    const [first, other] = [start('first'), start('other')];
    sendsAt(1, first);
    losesAt(2, 0.5);
    diesAt(2, first);
    sendsAt(8, other);
    await expect(play()).rejects.toThrow('was sent twice');
  });
});
