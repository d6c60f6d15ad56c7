import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Disk } from './disk.ts';

/**
 * Which renewal material was sent: by it a Redis that went back in time does not make a single-use
 * secret look unspent. A short-lived token is renewed twice a minute, so that this is no part of the
 * picture: each process adds lines to a file of its own, unsynced, and drops the older half now and then.
 * Only fingerprints, which are keyed, and names: nothing of it is secret.
 */
export interface Renewals {
  /** It goes out now. Known here at once, on disk as soon as the disk takes it. */
  spend(account: string, fingerprint: string): void;
  /** The broker did not look at it, or it never left. */
  takeBack(account: string, fingerprint: string): void;
  isSpent(account: string, fingerprints: readonly string[]): boolean;
  /** Takes in what other processes on the folder wrote. Throws the file system's error. */
  look(): Promise<void>;
  /** Resolves when what was said is on disk, or the disk did not take it. */
  settled(): Promise<void>;
}

export interface RenewalParts {
  readonly folder: string;
  /** Names this process among all that use the folder. */
  readonly writer: string;
  readonly disk: Disk;
  readonly clock: Clock;
}

const PREFIX = 'renewals-';
/** A Redis loses seconds: the last few of an account tell all. */
const KEPT = 8;
/** A file this long (characters) goes to another name: with it, ten thousand accounts' last minute is there. */
const FILE_MOST = 1_000_000;
/** What nobody adds to for so long (ms) speaks of tokens that died long ago. */
const OLD_MS = 60 * 60_000;

export function makeRenewals({ folder, writer, disk, clock }: RenewalParts): Renewals {
  const own = `${PREFIX}${writer}`;
  const at = (name: string): string => join(folder, name);
  const spent = new Map<string, readonly string[]>();
  const versions = new Map<string, string>();
  let lines = '';
  let written = 0;
  let writing: Promise<void> | undefined;

  function apply(account: string, fingerprint: string, isBack: boolean): void {
    const others = (spent.get(account) ?? []).filter((each) => each !== fingerprint);
    spent.set(account, (isBack ? others : [...others, fingerprint]).slice(-KEPT));
  }

  function say(account: string, fingerprint: string, isBack: boolean): void {
    apply(account, fingerprint, isBack);
    lines += `${JSON.stringify([account, fingerprint, isBack])}\n`;
    writing ??= write().finally(() => (writing = undefined));
  }

  /** All that comes while one is under way is one more. A disk that takes nothing holds nobody up. */
  async function write(): Promise<void> {
    while (lines !== '') {
      const text = lines;
      lines = '';
      try {
        await disk.makeFolder(folder);
        if (written > FILE_MOST) {
          await disk.rename(at(own), at(`${own}.1`));
          written = 0;
        }
        await disk.append(at(own), text);
        written += text.length;
      } catch {
        // In memory it is known; the mirror itself says what is wrong with the disk.
      }
    }
  }

  function take(text: string): void {
    for (const line of text.split('\n')) {
      const said = parsed(line);
      if (said) apply(...said);
    }
  }

  return {
    spend: (account, fingerprint) => say(account, fingerprint, false),
    takeBack: (account, fingerprint) => say(account, fingerprint, true),
    isSpent: (account, fingerprints) =>
      spent.get(account)?.some((each) => fingerprints.includes(each)) === true,
    async look() {
      for (const { name, version, writtenAt } of await disk.list(folder)) {
        if (!name.startsWith(PREFIX) || name.startsWith(own) || versions.get(name) === version) continue;
        if (writtenAt < clock.now() - OLD_MS) {
          await disk.remove(at(name)).catch(() => undefined);
          continue;
        }
        // It may go to another name while we look: what it says is read there.
        take(await disk.read(at(name)).catch(() => ''));
        versions.set(name, version);
      }
    },
    async settled() {
      await writing;
    },
  };
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
