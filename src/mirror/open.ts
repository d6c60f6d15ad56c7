import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { atMost } from '../core/at-most.ts';
import type { Clock } from '../core/clock.ts';
import { errnoOf } from '../core/errno.ts';
import type { Log } from '../core/log.ts';
import type { Change } from './changes.ts';
import { systemDisk, type Disk } from './disk.ts';
import { makeFolder, type MirrorSeal } from './folder.ts';
import { makeMemory } from './memory.ts';
import { DISK_WAIT_MS, isHung, patientDisk } from './patience.ts';
import {
  heldAmong,
  recallAccount,
  recallNetwork,
  type HeldGrant,
  type MirroredAccount,
  type MirroredNetwork,
} from './recall.ts';
import { makeRenewals, type Renewals } from './renewals.ts';
import { makeRounds } from './rounds.ts';

/**
 * What outlives the loss of Redis: sealed, in the state folder. Trouble with the disk never throws: it is
 * said, and tried again, and what was to be written is known in memory meanwhile. Nor does it hang: whatever
 * waits for the disk waits for 2 s at most.
 */
export interface Mirror {
  recall(account: string): MirroredAccount | undefined;
  /** `key` as it was given with the changes. */
  recallNetwork(key: string): MirroredNetwork | undefined;
  /** No generation that was given out is higher, as far as is known here; 0 where nothing is. */
  generation(): number;
  /** The same with what other processes on the folder may have given out since they wrote; more than was given out. */
  reservedElsewhere(): number;
  /** The same as this process found it when it began: it never grows, so that two processes do not drive each other up. */
  reservedAtStart(): number;
  /**
   * Takes in what other processes on the folder wrote up to now: before a recall whose answer matters. Cheap:
   * many at once are one, and only files that changed are read.
   */
  look(): Promise<void>;
  /** On disk soon, with whatever else comes meanwhile. */
  note(...changes: readonly Change[]): void;
  /** Resolves when it is on disk, or when the disk did not take it (`health` says so then). */
  keep(...changes: readonly Change[]): Promise<void>;
  /** Resolves as `keep` does. */
  forget(account: string): Promise<void>;
  held(): readonly HeldGrant[];
  /** Which renewal material was sent. */
  readonly renewals: Pick<Renewals, 'spend' | 'takeBack' | 'isSpent'>;
  /** Why the folder is of no use, in words; undefined: it is. */
  health(): string | undefined;
  /** Resolves when all that was noted is on disk, or the disk did not take it. */
  settled(): Promise<void>;
  /** The same; nothing is written after it. */
  close(): Promise<void>;
}

export interface MirrorOptions {
  /** The state folder; the mirror is `mirror` in it. */
  readonly folder: string;
  readonly seal: MirrorSeal;
  readonly log: Log;
  readonly clock: Clock;
  readonly disk?: Disk;
  /** Names this process among all that ever use the folder; drawn where it is not given. */
  readonly writer?: string;
}

const NOTE_MS = 1_000;
const RETRY_MS = 5_000;
const SAY_MS = 60_000;

/** Opens the mirror with what earlier and other processes left there. */
export async function openMirror(options: MirrorOptions): Promise<Mirror> {
  const { clock, log, seal, writer = randomUUID() } = options;
  const disk = patientDisk(options.disk ?? systemDisk, clock);
  const folder = makeFolder({ folder: join(options.folder, 'mirror'), writer, seal, disk, clock, log });
  const renewals = makeRenewals({ folder: join(options.folder, 'mirror'), writer, disk, clock, fail });
  const memory = makeMemory();
  const rounds = makeRounds(clock, round);
  const looks = makeRounds(clock, () => takeIn().then(renewals.look).catch(fail));
  /**
   * A change is applied at once, so that a recall knows it, and again when the others' files have been
   * read: what it takes back may have been written there.
   */
  let again: { readonly change: Change; readonly stamp: number }[] = [];
  let reservedAtStart = 0;
  let isDirty = false;
  let wasSaved = false;
  let failure: string | undefined;
  let saidAt = -Infinity;

  async function round(): Promise<void> {
    const changes = again;
    again = [];
    try {
      await takeIn();
      for (const { change, stamp } of changes) if (memory.apply(change, stamp)) isDirty = true;
      if (!isDirty) return;
      isDirty = false;
      await folder.save(memory.picture(clock.now()));
      wasSaved = true;
      await renewals.retry();
      works();
    } catch (error) {
      // They are applied anew, before those that came meanwhile.
      again = [...changes, ...again];
      fail(error);
    }
  }

  async function takeIn(): Promise<void> {
    const { seen, isOurs } = await folder.look();
    for (const picture of seen) memory.take(picture);
    // A process that starts took our file over, or somebody removed it: it is written once more.
    if (wasSaved && !isOurs) isDirty = true;
  }

  /** Whatever it was that failed: once all is written, it works again. */
  function fail(error: unknown): void {
    failure = isHung(error) ? 'it does not answer' : errnoOf(error);
    isDirty = true;
    void rounds.ask(RETRY_MS);
    if (clock.now() < saidAt + SAY_MS) return;
    saidAt = clock.now();
    log.error(
      { event: 'mirror.unwritable', error: errnoOf(error) },
      'STATE_DIR cannot be used: what must outlive a loss of Redis is in memory only. It is tried again.',
    );
  }

  function works(): void {
    if (failure !== undefined) log.info({ event: 'mirror.works' }, 'STATE_DIR can be used again.');
    failure = undefined;
  }

  const inTime = (work: Promise<unknown>): Promise<void> =>
    atMost(clock, DISK_WAIT_MS, work).then(() => undefined);

  function apply(changes: readonly Change[]): void {
    for (const change of changes) {
      const stamp = memory.stamp(clock.now());
      if (memory.apply(change, stamp)) isDirty = true;
      again.push({ change, stamp });
    }
  }

  async function begin(): Promise<void> {
    const pictures = await folder.takeOver();
    await renewals.look();
    if (pictures.length === 0) return;
    for (const picture of pictures) memory.take(picture);
    reservedAtStart = memory.reservedElsewhere();
    const accounts = memory.accounts();
    log.info(
      { event: 'mirror.recalled', accounts: accounts.size, held: heldAmong(accounts).length },
      'STATE_DIR holds what was learned of the accounts before; it counts where Redis does not know it.',
    );
    // Under the first key of the ring by now, in a file of our own.
    isDirty = true;
    await rounds.ask(0);
  }

  const keep = (...changes: readonly Change[]): Promise<void> => {
    apply(changes);
    return inTime(rounds.ask(0));
  };

  await begin().catch(fail);
  return {
    recall: (account) => recallAccount(memory.account(account), clock.now()),
    recallNetwork: (key) => recallNetwork(memory.network(key), clock.now()),
    generation: () => memory.generation(),
    reservedElsewhere: () => memory.reservedElsewhere(),
    reservedAtStart: () => reservedAtStart,
    look: () => inTime(looks.ask(0)),
    note(...changes) {
      apply(changes);
      void rounds.ask(NOTE_MS);
    },
    keep,
    forget: (account) => keep({ account, forgotten: true }),
    held: () => heldAmong(memory.accounts()),
    renewals: {
      ...renewals,
      spend: (account, fingerprint) => inTime(renewals.spend(account, fingerprint)),
    },
    health: () => failure && `what must outlive a loss of Redis cannot be kept in STATE_DIR (${failure})`,
    settled: async () => void (await Promise.all([rounds.settled(), renewals.settled()])),
    close: async () => void (await Promise.all([rounds.close(), renewals.settled()])),
  };
}
