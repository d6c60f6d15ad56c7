import type { Disk } from '../../../src/mirror/index.ts';

interface Content {
  readonly text: string;
  readonly version: number;
}
type Names = ReadonlyMap<string, Content>;
type Renaming = (names: Map<string, Content>) => void;

/** A disk in memory that dies, or refuses, when a test wants it to. */
export interface FakeDisk extends Disk {
  /** Operations so far. */
  operations(): number;
  /** The machine dies in the middle of the `n`-th operation from now: that one and all later ones fail. */
  dieAt(n: number): void;
  isDead(): boolean;
  /** Every write fails with this code, until it is undefined. */
  refuse(code: string | undefined): void;
  /**
   * The disks that may be found after the death: what was synced, with any of the changes of names that
   * were not, and a torn draft.
   */
  afterDeath(): readonly FakeDisk[];
  /** Puts a file there, or takes it away, behind everybody's back. */
  set(path: string, text: string | undefined): void;
  files(): ReadonlyMap<string, string>;
}

const failed = (code: string): Error => Object.assign(new Error(code), { code });

export function fakeDisk(from: Names = new Map()): FakeDisk {
  const names = new Map(from);
  let synced = new Map(from);
  let unsynced: Renaming[] = [];
  let versions = Math.max(0, ...[...from.values()].map(({ version }) => version));
  let done = 0;
  let deadAt = Infinity;
  let refusal: string | undefined;

  const change = (renaming: Renaming): void => {
    renaming(names);
    unsynced.push(renaming);
  };
  const put = (path: string, text: string): void => {
    versions += 1;
    const content = { text, version: versions };
    change((where) => where.set(path, content));
  };
  /** What happens half on the way into death, where something can. */
  async function operation(half?: () => void): Promise<void> {
    await Promise.resolve();
    if (done >= deadAt) throw failed('EIO');
    done += 1;
    if (done < deadAt) return;
    half?.();
    throw failed('EIO');
  }

  return {
    operations: () => done,
    dieAt(n) {
      deadAt = done + n;
    },
    isDead: () => done >= deadAt,
    refuse(code) {
      refusal = code;
    },
    afterDeath() {
      const subsets = Array.from({ length: 2 ** Math.min(unsynced.length, 8) }, (_, bits) =>
        unsynced.filter((_change, index) => (bits >> index) % 2 === 1),
      );
      return subsets.map((changes) => {
        const left = new Map(synced);
        for (const renaming of changes) renaming(left);
        return fakeDisk(left);
      });
    },
    set(path, text) {
      if (text === undefined) change((where) => where.delete(path));
      else put(path, text);
    },
    files: () => new Map([...names].map(([path, { text }]) => [path, text])),

    async makeFolder() {
      await operation();
    },
    async list(folder) {
      await operation();
      return [...names]
        .filter(([path]) => path.startsWith(`${folder}/`))
        .map(([path, { version }]) => ({
          name: path.slice(folder.length + 1),
          version: String(version),
          writtenAt: 0,
        }));
    },
    async read(path) {
      await operation();
      const content = names.get(path);
      if (!content) throw failed('ENOENT');
      return content.text;
    },
    async write(path, text) {
      await operation(() => put(path, text.slice(0, text.length / 2)));
      if (refusal) throw failed(refusal);
      put(path, text);
    },
    async append(path, text) {
      await operation();
      if (refusal) throw failed(refusal);
      put(path, (names.get(path)?.text ?? '') + text);
      const content = names.get(path);
      // Synced is the text, not yet the name of a new file.
      if (content && synced.has(path)) synced.set(path, content);
    },
    async rename(source, target) {
      await operation();
      if (refusal) throw failed(refusal);
      const content = names.get(source);
      if (!content) throw failed('ENOENT');
      change((where) => {
        where.delete(source);
        where.set(target, content);
      });
    },
    async remove(path) {
      await operation();
      change((where) => where.delete(path));
    },
    async syncFolder() {
      await operation();
      synced = new Map(names);
      unsynced = [];
    },
  };
}
