import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { errnoOf } from '../core/errno.ts';
import type { Disk } from './disk.ts';

/**
 * Which renewal material was sent: by it a Redis that went back in time does not make a single-use
 * secret look unspent. A short-lived token is renewed twice a minute, so that this is no part of the
 * picture: each process adds lines to a file of its own, and drops the older half now and then.
 * Only fingerprints, which are keyed, and names: nothing of it is secret.
 */
export interface Renewals {
  /**
   * It is about to go out. Known here at once; resolves when it is on disk, where it outlives the power, or the disk
   * did not take it. All that are waited for at once share one sync.
   */
  spend(account: string, fingerprint: string): Promise<void>;
  /** The broker did not look at it, or it never left. */
  takeBack(account: string, fingerprint: string): void;
  isSpent(account: string, fingerprints: readonly string[]): boolean;
  /** Takes in what other processes on the folder wrote. Throws the file system's error. */
  look(): Promise<void>;
  /** Writes what the disk has not taken. Throws the file system's error. */
  retry(): Promise<void>;
  /** Resolves when what was said is on disk, or the disk did not take it. */
  settled(): Promise<void>;
}

export interface RenewalParts {
  readonly folder: string;
  /** Names this process among all that use the folder. */
  readonly writer: string;
  readonly disk: Disk;
  readonly clock: Clock;
  /** The disk does not take what was said. */
  readonly fail: (error: unknown) => void;
}

const PREFIX = 'renewals-';
/** A Redis loses seconds: the last few of an account tell all. */
const KEPT = 8;
/** So much (characters) waits for a disk that takes nothing; the oldest goes first. */
const WAITING_MOST = 200_000;
/** A file this long (characters) goes to another name: with it, ten thousand accounts' last minute is there. */
const FILE_MOST = 1_000_000;
/** What nobody adds to for so long (ms) speaks of tokens that died long ago, also by a clock that is a day ahead. */
const OLD_MS = 48 * 60 * 60_000;

/** Fingerprints that went out, the last of each account. */
type Spent = Map<string, readonly string[]>;

export function makeRenewals({ folder, writer, disk, clock, fail }: RenewalParts): Renewals {
  const own = `${PREFIX}${writer}`;
  const at = (name: string): string => join(folder, name);
  /** By file: another process' older take-back must not take back what was spent here later. */
  const byFile = new Map<string, Spent>();
  const versions = new Map<string, string>();
  let lines = '';
  let written = 0;
  /** A new file's name has to be on the disk as well. */
  let isNamed = false;
  let writing: Promise<void> | undefined;

  function apply(spent: Spent, account: string, fingerprint: string, isBack: boolean): void {
    const others = (spent.get(account) ?? []).filter((each) => each !== fingerprint);
    spent.set(account, (isBack ? others : [...others, fingerprint]).slice(-KEPT));
  }

  const said: Spent = new Map();
  byFile.set(own, said);

  async function say(account: string, fingerprint: string, isBack: boolean): Promise<void> {
    apply(said, account, fingerprint, isBack);
    lines += `${JSON.stringify([account, fingerprint, isBack])}\n`;
    await retry().catch(fail);
  }

  const retry = (): Promise<void> => (writing ??= write().finally(() => (writing = undefined)));

  /** All that comes while one is under way is one more. */
  async function write(): Promise<void> {
    while (lines !== '') {
      const text = lines;
      lines = '';
      try {
        await add(text);
      } catch (error) {
        // It may have been written in part: a line of its own ends what was torn.
        lines = `\n${text}${lines}`.slice(-WAITING_MOST);
        throw error;
      }
    }
  }

  async function add(text: string): Promise<void> {
    await disk.makeFolder(folder);
    if (written > FILE_MOST) {
      await disk.rename(at(own), at(`${own}.1`));
      written = 0;
      isNamed = false;
    }
    await disk.append(at(own), text);
    written += text.length;
    if (!isNamed) await disk.syncFolder(folder);
    isNamed = true;
  }

  function take(name: string, text: string): void {
    const spent: Spent = new Map();
    for (const line of text.split('\n')) {
      const told = parsed(line);
      if (told) apply(spent, ...told);
    }
    byFile.set(name, spent);
  }

  return {
    spend: (account, fingerprint) => say(account, fingerprint, false),
    takeBack: (account, fingerprint) => void say(account, fingerprint, true),
    retry,
    isSpent: (account, fingerprints) =>
      [...byFile.values()].some((spent) => spent.get(account)?.some((each) => fingerprints.includes(each))),
    async look() {
      for (const { name, version, writtenAt } of await disk.list(folder)) {
        if (!name.startsWith(PREFIX) || name.startsWith(own) || versions.get(name) === version) continue;
        if (writtenAt < clock.now() - OLD_MS) {
          await disk.remove(at(name)).catch(() => undefined);
          continue;
        }
        // It may go to another name while we look: what it says is read there.
        const text = await disk.read(at(name)).catch(unlessMissing);
        if (text !== '') take(name, text);
        versions.set(name, version);
      }
    },
    async settled() {
      await writing?.catch(() => undefined);
    },
  };
}

/** Of one that cannot be read now its next look tells. */
function unlessMissing(error: unknown): string {
  if (errnoOf(error) !== 'ENOENT') throw error;
  return '';
}

/** Undefined where a line is torn: its writer was killed. */
function parsed(line: string): [string, string, boolean] | undefined {
  try {
    const said: unknown = JSON.parse(line);
    if (!Array.isArray(said)) return undefined;
    const [account, fingerprint, isBack] = said as readonly unknown[];
    return typeof account === 'string' && typeof fingerprint === 'string' && typeof isBack === 'boolean'
      ? [account, fingerprint, isBack]
      : undefined;
  } catch {
    return undefined;
  }
}
