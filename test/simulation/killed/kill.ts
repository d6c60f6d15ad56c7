import { kindOf } from '../truth.ts';
import { BrokenInvariant, strictest, watchInvariants } from '../invariants/index.ts';
import { broken } from '../invariants/rules.ts';
import type { Replica } from '../replica.ts';
import { makeWorld, type World } from '../world.ts';
import { MINUTE_MS, SECOND_MS, type Act, type Stage } from './acts.ts';

/** Who goes on after a process was killed. */
export const heirs = ['one on its machine', 'one on another machine', 'one that ran beside it'] as const;
export type Heir = (typeof heirs)[number];

/** From the death to the next process, where none runs beside it. */
const AWAY_MS = 2 * SECOND_MS;
/** How soon a person who was not heard tries again. */
const AGAIN_MS = 20 * SECOND_MS;
/** What an act does after it is seen to be over: its lease, its plan, its disk. */
const AFTERMATH_MS = 3 * SECOND_MS;
/** How long the dead one's lease may hold its account up, with the next look and what that takes. */
const TAKEN_OVER_MS = 60 * SECOND_MS;

/** A word that its author died before saying is said with the account's next proof, each half hour at Upstox. */
const CALM_MS = 35 * MINUTE_MS;

/** What became of one process that was killed at its k-th step. */
export interface Killed {
  /** False: the act was over, with all that follows, before it came to die. */
  readonly died: boolean;
  /** True where its death left a call of which nobody knew the outcome. */
  readonly wasUnderWay: boolean;
  /** From its death to the end of the act, ms. */
  readonly heldUpMs: number;
  readonly logins: number;
}

/** Plays an act whose process dies at its k-th step from the beginning. Throws what a judge says. */
export async function playKilled(act: Act, heir: Heir, k: number): Promise<Killed> {
  const world = await makeWorld({
    entries: [act.entry],
    replicas: 0,
    sharesDisk: heir === 'one that ran beside it',
    ...(act.startAt !== undefined && { startAt: act.startAt }),
  });
  const stage: Stage = { world, invariants: watchInvariants(world, strictest) };
  try {
    return await play(stage, act, heir, k);
  } catch (error) {
    const message = error instanceof BrokenInvariant ? error.message : String(error);
    throw new Error(`killed at step ${k}: ${message}\n${world.trace(40).join('\n')}`, { cause: error });
  } finally {
    world.stop();
  }
}

async function play(stage: Stage, act: Act, heir: Heir, k: number): Promise<Killed> {
  const { world, invariants } = stage;
  act.setUp?.(world);
  const victim = await world.startReplica();
  if (heir === 'one that ran beside it') await world.startReplica();
  await act.before?.(stage);
  const loginsBefore = loginsOf(world, act);
  let diedAt: number | undefined;
  victim.life.onDeath(() => {
    diedAt = world.now();
  });
  victim.life.killAfter(k);
  act.begin?.(stage);
  let begunAt = world.now();
  const isOver = (): boolean => act.isOver(stage);
  const goOn = async (what: string, condition: () => boolean, limitMs: number): Promise<void> => {
    await world.runUntil(
      what,
      () => {
        if (!isOver() && world.now() - begunAt >= AGAIN_MS) {
          begunAt = world.now();
          act.begin?.(stage);
        }
        return condition();
      },
      limitMs,
    );
  };
  await goOn('the end or the death', () => diedAt !== undefined || isOver(), act.lastsMs);
  const until = world.now() + AFTERMATH_MS;
  await goOn('what follows', () => diedAt !== undefined || world.now() >= until, 2 * AFTERMATH_MS);
  const died = diedAt !== undefined;
  victim.life.killAfter(Infinity);
  let wasUnderWay = false;
  if (diedAt !== undefined) {
    await world.runFor(Math.max(0, diedAt + AWAY_MS / 2 - world.now()));
    wasUnderWay = isUnderWay(world, act, victim);
    await world.runFor(AWAY_MS / 2);
    if (heir === 'one on its machine') await world.startReplica({}, victim.disk);
    if (heir === 'one on another machine') await world.startReplica();
  }
  const from = diedAt ?? world.now();
  await goOn(act.what, isOver, TAKEN_OVER_MS);
  const heldUpMs = world.now() - from;
  await untilCalm(world, () => {
    invariants.checkCalm(new Set(act.lasting ? [act.name] : []));
    if (!isOver()) broken(`${act.what} is over no more: ${JSON.stringify(world.state(act.name))}`);
  });
  const logins = loginsOf(world, act) - loginsBefore;
  if (logins > act.logins + (wasUnderWay ? 1 : 0))
    broken(`${logins} logins, ${wasUnderWay ? 'with a call' : 'with none'} under way`);
  const causes = world.alerts.filter(({ what }) => what === 'opened').map(({ code }) => code);
  if (new Set(causes).size < causes.length) broken(`said twice: ${causes.join(', ')}`);
  return { died, wasUnderWay, heldUpMs, logins };
}

/** Lets time pass until all is well, two minutes in a row. Throws what is not well by then. */
async function untilCalm(world: World, check: () => void): Promise<void> {
  const since = world.now();
  for (let well = 0; well < 2;) {
    await world.runFor(MINUTE_MS);
    try {
      check();
      well += 1;
    } catch (error) {
      if (world.now() - since >= CALM_MS) throw error;
      well = 0;
    }
  }
}

/** The record holds an attempt of the dead one: nobody knows what came of it. */
function isUnderWay(world: World, { name }: Act, { life }: Replica): boolean {
  const record = world.redisServer.keyspace.find(`refresher:account:${name}`, 'hash')?.fields;
  return record?.get('attempt')?.includes(life.name) ?? false;
}

const loginsOf = (world: World, { broker }: Act): number =>
  world.calls({ broker }).filter((call) => kindOf(call) === 'sign-in').length;
