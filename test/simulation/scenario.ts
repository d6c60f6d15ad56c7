import { planChaos, type Chaos } from './chaos.ts';
import { REPORTED, wrongsOf, type Wrong } from './wrongs.ts';
import { randomDesk, withObserved, type Desk } from './desk.ts';
import { keepWriting } from './foreign.ts';
import { BrokenInvariant, strictest, watchInvariants, type InvariantOptions } from './invariants/index.ts';
import { employPerson, misspell } from './persons.ts';
import { putOffUntil } from './put-off.ts';
import { makeDice, type Dice } from './random.ts';
import { checkSteady, watchAbsences } from './steady.ts';
import { makeWorld, type World } from './world.ts';

export interface ScenarioOptions {
  readonly seed: number;
  /** Hours in which things go wrong; drawn where left out. */
  readonly hours?: number;
  readonly invariants?: Partial<InvariantOptions>;
  /** These logins and not some at random. */
  readonly desk?: Desk;
  /** These wrongs and not some at random. */
  readonly chaos?: Chaos;
  /** How many lines of what happened last a failure brings along. Default 50. */
  readonly traced?: number;
}

export interface Outcome {
  readonly seed: number;
  /** The desk and its processes, in words. */
  readonly about: string;
  readonly steps: number;
  readonly calls: number;
  /** Simulated, ms. */
  readonly spanMs: number;
  /** Of all account time since each first token, ms. */
  readonly servedMs: number;
  readonly withoutMs: number;
  /** What broke, or undefined. */
  readonly broken:
    { readonly message: string; readonly step: number; readonly trace: readonly string[] } | undefined;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Of one run; usual are some thousand. */
const MOST_STEPS = 2_000_000;

/** Wrongs that a desk with two processes and steady brokers must not feel at all. */
const unfelt: readonly Wrong[] = [
  'crash',
  'crash at an await',
  'crash in a call',
  'job doubled in a call',
  'redis replies lost in a call',
  'deploy',
  'clock skew',
  'jobs doubled',
  'redis replies lost',
];

/** Plays one seed from its first second to its last, all by itself. Everything follows from the seed. */
export async function playSeed(options: ScenarioOptions): Promise<Outcome> {
  const { seed } = options;
  const dice = makeDice(seed);
  const drawn = randomDesk(dice);
  const isReported = seed >= REPORTED;
  const desk = options.desk ?? (isReported ? withObserved(drawn) : drawn);
  const isSteady = dice.chance(0.25) && options.chaos === undefined;
  const hours = options.hours ?? desk.hours;
  // The service sweeps each 30 s; most runs spare themselves three quarters of it.
  const sweepEveryMs = dice.pick([30, 120, 120, 240]) * SECOND_MS;
  const sharesDisk = dice.chance(0.5);
  const startAt = Date.UTC(2026, 1, 2, dice.whole(0, 23), dice.whole(0, 59));
  const replicas = isSteady ? 2 : dice.pick([1, 2, 2, 2, 3]);
  const world = await makeWorld({
    entries: desk.entries,
    seed: dice.whole(1, 2 ** 31),
    replicas,
    startAt,
    switches: switchesOf(dice, isSteady),
    sweepEveryMs,
    sharesDisk,
  });
  const invariants = watchInvariants(world, {
    ...strictest,
    factsOutliveRedis: sharesDisk,
    planWithinMs: sweepEveryMs + 15 * SECOND_MS,
    ...options.invariants,
  });
  world.onStep(() => {
    if (world.timeline.steps() > MOST_STEPS) throw new BrokenInvariant(`no end after ${MOST_STEPS} steps`);
  });
  const outcome = (broken: Outcome['broken']): Outcome => {
    const gaps = [...invariants.gaps().values()].flat();
    return {
      seed,
      about: `${desk.entries.map(({ name, username }) => String(name ?? username)).join(', ')}${desk.wrong === undefined ? '' : ` (${desk.wrong} with a wrong password)`}; ${replicas} processes with ${sharesDisk ? 'one STATE_DIR' : 'a STATE_DIR each'}, a sweep each ${sweepEveryMs / SECOND_MS} s${isSteady ? ', steady brokers' : ''}; ${hours.toFixed(1)} h of trouble`,
      steps: world.timeline.steps(),
      calls: world.calls().length,
      spanMs: world.now() - startAt,
      servedMs: invariants.servedMs(),
      withoutMs: gaps.reduce((sum, { from, until }) => sum + until - from, 0),
      broken,
    };
  };
  try {
    const from = startAt + 3 * MINUTE_MS;
    const until = from + hours * HOUR_MS;
    const chaos = isSteady
      ? { perHour: 6, only: unfelt }
      : { perHour: dice.pick([2, 6, 20]), only: wrongsOf(seed) };
    const absences = watchAbsences(world);
    const troubles = planChaos(world, invariants, options.chaos ?? chaos, from, until);
    employPerson(world, dice.fork());
    if (isReported) keepWriting(world, dice.fork());
    if (desk.wrong !== undefined)
      misspell(world, desk.wrong, dice, from, until, (name) => invariants.rearmed(name));
    for (const username of desk.unmended ?? [])
      world.setPassword('tradovate', username, 'made-up-another-one');
    await world.runFor(until - startAt);
    ensureProcess(world);
    await untilCalm(world, dice.chance(0.1) ? desk.calmMs : 0, desk.calmMs, () =>
      invariants.checkCalm(new Set(waiting(world))),
    );
    if (isSteady) checkSteady(world, invariants.gaps(), troubles, absences);
    return outcome(undefined);
  } catch (error) {
    const message =
      error instanceof BrokenInvariant ? error.message : String(error instanceof Error ? error.stack : error);
    return outcome({ message, step: world.timeline.steps(), trace: world.trace(options.traced ?? 50) });
  } finally {
    world.stop();
  }
}

/** Open questions of the brokers' documents, one way or the other. */
function switchesOf(
  dice: Dice,
  isSteady: boolean,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return {
    tradovate: { throttleWith: dice.pick(['ticket', 'ticket', '429']) },
    ig: {
      oldRefreshToken: dice.pick(['dead', 'valid']),
      // A token that the broker ended by a rotation whose answer was lost is withdrawn: no fault of ours.
      oldAccessToken: dice.pick(isSteady ? ['valid', 'valid'] : ['valid', 'dead']),
      refreshTtlFrom: dice.pick(['issue', 'access-expiry']),
      deadRefreshAnswer: dice.pick(['oauth-token-invalid', 'invalid-details', '400', '403']),
    },
    upstox: { webhookDuplicates: dice.pick(['off', 'on']) },
  };
}

/** A desk whose last process died has a supervisor. */
function ensureProcess(world: World): void {
  if (world.replicas().length === 0) world.timeline.after(0, async () => void (await world.startReplica()));
}

/** How often it is asked whether all is well again. */
const CALM_EVERY_MS = 2 * MINUTE_MS;

/** Lets time pass until all is well, twice in a row. Throws what is not well after `mostMs`, and what was put off by then has had its turn. */
async function untilCalm(world: World, leastMs: number, mostMs: number, check: () => void): Promise<void> {
  const since = world.now();
  await world.runFor(leastMs);
  for (let well = 0; well < 2;) {
    await world.runFor(CALM_EVERY_MS);
    try {
      check();
      well += 1;
    } catch (error) {
      if (world.now() >= Math.max(since + mostMs, putOffUntil(world))) throw error;
      well = 0;
    }
  }
}

/** Who may be without a token in the end: a password that is still wrong, a day that waits for its person. */
function waiting(world: World): readonly string[] {
  return world.entries().flatMap((entry) => {
    const name = String(entry.name ?? entry.username);
    const broker = typeof entry.broker === 'string' ? entry.broker : 'tradovate';
    const isWrong =
      typeof entry.password === 'string' && !world.accepts(broker, String(entry.username), entry.password);
    // At night nobody is asked.
    return isWrong || broker === 'upstox' ? [name] : [];
  });
}
