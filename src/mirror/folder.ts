import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { errnoOf } from '../core/errno.ts';
import type { Log } from '../core/log.ts';
import type { Disk, Found } from './disk.ts';
import { pictureOf, textOf, type Picture } from './mirror.ts';
import { isHung } from './patience.ts';

/** Seals what lies on disk; `context` is bound to it. */
export interface MirrorSeal {
  seal(plain: string, context: string): string;
  /** Undefined where no key of the ring fits, or it was changed. */
  open(sealed: string, context: string): string | undefined;
}

export interface FolderParts {
  readonly folder: string;
  /** Names this process among all that use the folder. */
  readonly writer: string;
  readonly seal: MirrorSeal;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The folder of the mirror. Each process writes one file of its own, `v1-<writer>`, with all it knows,
 * and keeps the one before it as `v1-<writer>.1`; what holds is all files together, merged. A process
 * that starts takes over what lies there: it renames a file to a name of its own, reads it, and removes
 * it only once what it says is written in its own.
 *
 * That needs no lock, and no guess whether a file's writer still lives (a process id says nothing across
 * containers that share the folder): to take over a living process's file loses nothing, as that writes
 * all it knows again, and what it writes between our reading and our removing has the old name, not ours.
 */
export interface Folder {
  takeOver(): Promise<readonly Picture[]>;
  /** What others wrote since the last look, and whether our own file is still there. */
  look(): Promise<{ readonly seen: readonly Picture[]; readonly isOurs: boolean }>;
  /** Resolves once the picture is on disk. Throws the file system's error; what was there is still there. */
  save(picture: Picture): Promise<void>;
}

const CONTEXT = 'mirror';
/** A later layout has another number: neither takes the other's files for its own. */
const PREFIX = 'v1-';
const DRAFT = '.new';
const UNREADABLE = 'unreadable-';
/** A draft this old, ms, is a killed process's. */
const DRAFT_OLD_MS = 60 * 60_000;
/** Files go away while we look only when a process starts; so many in a row do not. */
const LOOKS = 5;

const isSource = (name: string): boolean => name.startsWith(PREFIX) && !name.endsWith(DRAFT);

export function makeFolder(parts: FolderParts): Folder {
  const { folder, seal, disk, clock, log } = parts;
  const own = `${PREFIX}${parts.writer}`;
  const at = (name: string): string => join(folder, name);
  /** Others' files as we last read them. */
  let versions = new Map<string, string>();
  /** Under our name now; what they say is not yet in our file. */
  let taken: string[] = [];
  let takings = 0;
  const said = new Set<string>();

  /** Undefined where the file holds no picture; throws where there is none. */
  async function read(name: string): Promise<Picture | undefined> {
    const text = seal.open(await disk.read(at(name)), CONTEXT);
    return text === undefined ? undefined : pictureOf(text);
  }

  function sayUnreadable(file: string, error: string): void {
    if (said.has(file)) return;
    said.add(file);
    log.error(
      { event: 'mirror.unreadable', file: at(file), error },
      `A file of the mirror cannot be read or opened with SECRET_KEY; it stays as ${file} and is tried again at each start.`,
    );
  }

  async function takeOne({ name }: Found): Promise<Picture | undefined> {
    const number = (takings += 1);
    let there = `${own}.took-${number}`;
    try {
      await disk.rename(at(name), at(there));
    } catch (error) {
      // Another process that starts was faster: it has what the file says.
      if (errnoOf(error) === 'ENOENT') return undefined;
      there = name;
    }
    let why = 'unopened';
    try {
      const picture = await read(there);
      if (picture) {
        if (there !== name) taken.push(there);
        return picture;
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      why = errnoOf(error);
    }
    const aside = `${UNREADABLE}${clock.now()}-${parts.writer}-${number}`;
    const isAside = await disk.rename(at(there), at(aside)).then(
      () => true,
      () => false,
    );
    sayUnreadable(isAside ? aside : there, why);
    return undefined;
  }

  /** The right key may be back. */
  async function takeAside({ name }: Found): Promise<Picture | undefined> {
    const picture = await read(name).catch(() => undefined);
    if (picture) taken.push(name);
    else sayUnreadable(name, 'unopened');
    return picture;
  }

  async function put(text: string): Promise<void> {
    const draft = at(`${own}${DRAFT}`);
    await disk.write(draft, text);
    await disk.rename(at(own), at(`${own}.1`)).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    await disk.rename(draft, at(own));
    await disk.syncFolder(folder);
  }

  return {
    async takeOver() {
      await disk.makeFolder(folder);
      const pictures: (Picture | undefined)[] = [];
      for (const found of await disk.list(folder)) {
        const { name } = found;
        if (isSource(name)) pictures.push(await takeOne(found));
        else if (name.startsWith(UNREADABLE)) pictures.push(await takeAside(found));
        else if (name.startsWith(PREFIX) && found.writtenAt < clock.now() - DRAFT_OLD_MS)
          await disk.remove(at(name)).catch(() => undefined);
      }
      return pictures.filter((picture) => picture !== undefined);
    },

    async look() {
      const seen: Picture[] = [];
      const fresh: string[] = [];
      for (let looks = 1; ; looks += 1) {
        const all = await disk.list(folder);
        const others = all.filter(
          ({ name }) => isSource(name) && name !== own && name !== `${own}.1` && !taken.includes(name),
        );
        let isMissing = false;
        for (const { name, version } of others) {
          if (versions.get(name) === version) continue;
          try {
            const picture = await read(name);
            if (picture) seen.push(picture);
            else sayUnreadable(name, 'unopened');
          } catch (error) {
            // What it says is read when the disk answers again.
            if (isHung(error)) {
              // Nor was any of the others taken in: all are read once more.
              for (const each of fresh) versions.delete(each);
              throw error;
            }
            if (errnoOf(error) !== 'ENOENT') sayUnreadable(name, errnoOf(error));
            else isMissing = true;
          }
          versions.set(name, version);
          fresh.push(name);
        }
        versions = new Map(others.map(({ name }) => [name, versions.get(name) ?? '']));
        // It went to another name while we looked, and what it says with it.
        if (!isMissing || looks === LOOKS) return { seen, isOurs: all.some(({ name }) => name === own) };
      }
    },

    async save(picture) {
      await disk.makeFolder(folder);
      const text = seal.seal(textOf(picture), CONTEXT);
      await put(text);
      if (taken.length === 0) return;
      // Once more, so that there is one before it from the start; only then those we took are too many.
      await put(text);
      // One that stays is taken over again by the next process.
      for (const name of taken) await disk.remove(at(name)).catch(() => undefined);
      taken = [];
    },
  };
}
