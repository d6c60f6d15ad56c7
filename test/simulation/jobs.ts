import type { Life } from './process.ts';
import type { Dice } from './random.ts';
import type { Timeline } from './timeline.ts';

/** Somebody who takes jobs: one process and its looks under way. */
export interface Worker {
  readonly life: Life;
  readonly concurrency: number;
  readonly look: (broker: string, name: string) => Promise<void>;
  /** False once it takes no new work. */
  readonly isOpen: () => boolean;
}

/**
 * The part of BullMQ: a queue per broker that all processes share. A job of a process that died, or
 * that was stopped for longer than its lock, is given to another one, as the stalled check does.
 */
export interface JobBoard {
  enter(worker: Worker): void;
  add(broker: string, names: readonly string[]): void;
  waiting(broker: string): number;
  underWay(life: Life, broker: string): number;
  /** When the process last took a job up, by its time that is never set, ms; -Infinity: never. */
  lastBegunAt(life: Life, broker: string): number;
  /** The process' worker of this broker takes no jobs any more, until it is replaced. */
  wedge(life: Life, broker: string): void;
  /** The process replaces its worker. */
  rebuild(life: Life, broker: string): void;
  /** Every waiting job is gone, as after a FLUSHALL. */
  lose(): void;
  /** Which share of the jobs runs twice, or is lost, from now on. */
  setFaults(faults: { readonly doubled: number; readonly lost: number }): void;
  /** A process was stopped: its jobs may be taken for stalled. */
  suspect(life: Life, pausedMs: number): void;
}

const LOCK_MS = 10_000;
const STALLED_MS = 5_000;

interface Job {
  readonly broker: string;
  readonly name: string;
}

export function makeJobBoard(timeline: Timeline, dice: Dice): JobBoard {
  const workers = new Set<Worker>();
  const waiting: Job[] = [];
  const active = new Map<Job, Worker>();
  const begun = new Map<Life, Map<string, number>>();
  const wedged = new Map<Life, Set<string>>();
  let faults = { doubled: 0, lost: 0 };

  const countOf = (worker: Worker, broker: string): number =>
    [...active].filter(([job, holder]) => holder === worker && job.broker === broker).length;

  function give(): void {
    for (const job of [...waiting]) {
      const free = [...workers].filter(
        (worker) =>
          worker.isOpen() &&
          worker.life.isAlive() &&
          !worker.life.isPaused() &&
          !wedged.get(worker.life)?.has(job.broker) &&
          countOf(worker, job.broker) < worker.concurrency,
      );
      const [first, ...rest] = free;
      if (!first) continue;
      const worker = dice.pick([first, ...rest]);
      waiting.splice(waiting.indexOf(job), 1);
      if (dice.chance(faults.lost)) continue;
      active.set(job, worker);
      timeline.after(dice.whole(0, 2), () => worker.life.deliver(() => start(job, worker)));
    }
  }

  function start(job: Job, worker: Worker): void {
    const end = (): void => {
      if (active.get(job) === worker) active.delete(job);
      give();
    };
    const { life } = worker;
    begun.set(life, (begun.get(life) ?? new Map<string, number>()).set(job.broker, life.elapsed()));
    worker.look(job.broker, job.name).then(end, end);
  }

  /** Puts back what a process holds, once its lock has run out and somebody looks. */
  function restall(worker: Worker): void {
    for (const [job, holder] of active) {
      if (holder !== worker) continue;
      timeline.after(LOCK_MS + dice.whole(0, STALLED_MS), () => {
        if (active.get(job) !== worker) return;
        active.delete(job);
        add({ ...job });
      });
    }
  }

  function add(job: Job): void {
    waiting.push(job);
    timeline.after(0, give);
  }

  return {
    enter(worker) {
      workers.add(worker);
      worker.life.onDeath(() => {
        workers.delete(worker);
        restall(worker);
      });
      timeline.after(0, give);
    },
    add(broker, names) {
      for (const name of names) {
        add({ broker, name });
        if (dice.chance(faults.doubled)) add({ broker, name });
      }
    },
    waiting: (broker) => waiting.filter((job) => job.broker === broker).length,
    underWay: (life, broker) =>
      [...workers]
        .filter((worker) => worker.life === life)
        .reduce((sum, worker) => sum + countOf(worker, broker), 0),
    lastBegunAt: (life, broker) => begun.get(life)?.get(broker) ?? -Infinity,
    wedge: (life, broker) => void wedged.set(life, (wedged.get(life) ?? new Set()).add(broker)),
    rebuild(life, broker) {
      wedged.get(life)?.delete(broker);
      timeline.after(0, give);
    },
    lose: () => void waiting.splice(0),
    setFaults: (asked) => {
      faults = asked;
    },
    suspect(life, pausedMs) {
      if (pausedMs < LOCK_MS) return;
      for (const worker of workers) if (worker.life === life) restall(worker);
    },
  };
}
