import type { Disk } from '../../src/mirror/index.ts';
import type { Life } from './process.ts';
import type { Dice } from './random.ts';
import type { Timeline } from './timeline.ts';

interface File {
  readonly text: string;
  readonly version: string;
  readonly writtenAt: number;
}

/** The disk of one machine: it outlives the processes on it. */
export interface SimulatedDisk {
  /** A process' way to it: what it has asked for happens, whether or not it lives to hear of it. */
  for(life: Life): Disk;
  /** The texts of all files, for whoever looks for secrets. */
  texts(): readonly string[];
  /** Another text whenever something on it has changed, or can be written again. */
  revision(): string;
  /** Nothing can be written until then. */
  failUntil(instant: number): void;
  /** Answers nothing until then, and all that it was asked meanwhile at once. */
  hangUntil(instant: number): void;
  /** What a process appends takes so long, ms, to reach the platters. */
  appendsTake(ms: number): void;
  /** The power goes: what is on its way to them is lost. */
  losePower(): void;
}

export function makeDisk(timeline: Timeline, dice: Dice): SimulatedDisk {
  const files = new Map<string, File>();
  let versions = 0;
  let failingUntil = 0;
  let hangingUntil = 0;
  let appendMs = 0;
  let powerCuts = 0;
  let changes = 0;

  return {
    texts: () => [...files.values()].map(({ text }) => text),
    revision: () => `${changes}${timeline.now() < failingUntil ? ' and full' : ''}`,
    failUntil: (instant) => {
      failingUntil = instant;
    },
    hangUntil: (instant) => {
      hangingUntil = instant;
    },
    appendsTake: (ms) => {
      appendMs = ms;
    },
    losePower: () => {
      powerCuts += 1;
    },
    for(life) {
      const soon = <T>(work: () => T, takesMs = 0): Promise<T> =>
        new Promise((resolve, reject) => {
          life.send(() => {
            const cutsBefore = powerCuts;
            const answer = (): void => {
              if (timeline.now() < hangingUntil) return void timeline.at(hangingUntil, answer);
              if (powerCuts > cutsBefore) return;
              const [settle] = attempt(work, resolve, reject);
              life.deliver(settle);
            };
            timeline.after(dice.whole(0, 3) + takesMs, answer);
          });
        });
      const writing = <T>(work: () => T, takesMs = 0): Promise<T> =>
        soon(() => {
          if (timeline.now() < failingUntil) {
            throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
          }
          changes += 1;
          return work();
        }, takesMs);
      return {
        makeFolder: () => writing(() => undefined),
        list: (folder) =>
          soon(() =>
            [...files].flatMap(([path, { version, writtenAt }]) => {
              const at = path.lastIndexOf('/');
              return path.slice(0, at) === folder ? [{ name: path.slice(at + 1), version, writtenAt }] : [];
            }),
          ),
        read: (path) =>
          soon(() => {
            const file = files.get(path);
            if (!file) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
            return file.text;
          }),
        write: (path, text) =>
          writing(() => {
            versions += 1;
            files.set(path, { text, version: String(versions), writtenAt: timeline.now() });
          }),
        append: (path, text) =>
          writing(() => {
            versions += 1;
            const before = files.get(path)?.text ?? '';
            files.set(path, { text: before + text, version: String(versions), writtenAt: timeline.now() });
          }, appendMs),
        rename: (from, to) =>
          writing(() => {
            const file = files.get(from);
            if (!file) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
            files.delete(from);
            files.set(to, file);
          }),
        remove: (path) =>
          soon(() => {
            changes += 1;
            files.delete(path);
          }),
        syncFolder: () => writing(() => undefined),
      };
    },
  };
}

/** Does it now; what is to be told of it is told later. */
function attempt<T>(
  work: () => T,
  resolve: (value: T) => void,
  reject: (error: Error) => void,
): readonly [() => void] {
  try {
    const value = work();
    return [() => resolve(value)];
  } catch (error) {
    return [() => reject(error instanceof Error ? error : new Error('unknown'))];
  }
}
