import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Mirror } from '../../../src/mirror/index.ts';
import { makeSeal } from '../../../src/redis/seal.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';
import { freshFolder, removeFolders } from '../../support/folder.ts';
import { fakeDisk } from './fake-disk.ts';
import { answer, DAY_MS, key, listening, opened, session } from './support.ts';

afterAll(removeFolders);

const account = 'USER_000000';
const filesIn = async (folder: string) => (await readdir(join(folder, 'mirror'))).toSorted();

let folder: string;
let clock: FakeClock;
beforeEach(async () => {
  folder = await freshFolder();
  clock = fakeClock();
});

describe('the mirror', () => {
  it('gives back after a restart what it was told', async () => {
    const now = clock.now();
    const first = await opened({ folder, clock });
    const trouble = { code: 'wrong', kind: 'needs-human', message: 'Made-up words.', at: now } as const;
    first.note(
      {
        account,
        refused: ['a', 'b'],
        trouble,
        proven: ['c'],
        unknownSignIns: [now - 5],
        seedSpent: 'seed',
        owner: 'broker/AB0001 AB0001',
      },
      { account, asked: { at: now, until: now + 5 }, session: session(now), held: answer(now) },
      { network: 'broker egress', silence: { scope: 'egress', until: now + 5, code: 'quota' } },
      { network: 'broker egress', failed: { member: `${account}:1`, at: now, as: 'unknown' } },
    );
    const told = { account: first.recall(account), network: first.recallNetwork('broker egress') };
    await first.close();

    const second = await opened({ folder, clock });
    expect(second.recall(account)).toEqual({
      refused: ['a', 'b'],
      troubles: ['a', 'b'].map((fingerprint) => ({ fingerprint, trouble })),
      proven: ['c'],
      unknownSignIns: [now - 5],
      seedsSpent: ['seed'],
      owner: 'broker/AB0001 AB0001',
      asked: { at: now, until: now + 5 },
      session: session(now),
      held: answer(now),
    });
    expect({ account: second.recall(account), network: second.recallNetwork('broker egress') }).toEqual(told);
    expect(second.held()).toEqual([{ account, ...answer(now) }]);
    expect(second.recall('SOMEBODY_ELSE')).toBeUndefined();
    expect(second.recallNetwork('another')).toBeUndefined();
  });

  it('takes a refusal back when the credentials have worked, and refuses again after that', async () => {
    const mirror = await opened({ folder, clock });
    const now = clock.now();
    await mirror.keep({ account, refused: ['a'], unknownSignIns: [now - 1, now + 1] });
    await mirror.keep({ account, worked: { fingerprints: ['a'], at: now } });
    expect(mirror.recall(account)).toMatchObject({ refused: [], unknownSignIns: [now + 1] });
    await mirror.keep({ account, refused: ['a'] });
    expect(mirror.recall(account)?.refused).toEqual(['a']);
  });

  it('ends sessions, releases answers and forgets accounts for good', async () => {
    const now = clock.now();
    const mirror = await opened({ folder, clock });
    await mirror.keep({ account, refused: ['a'], session: session(now), held: answer(now) });
    await mirror.keep({ account, endedUpTo: now, releasedUpTo: now });
    expect(mirror.recall(account)).toMatchObject({ refused: ['a'], session: undefined, held: undefined });
    await mirror.forget(account);
    expect(mirror.recall(account)).toBeUndefined();
    await mirror.close();
    const next = await opened({ folder, clock });
    expect(next.recall(account)).toBeUndefined();
    await next.keep({ account, refused: ['a'] });
    expect(next.recall(account)?.refused).toEqual(['a']);
  });

  it('knows names that objects have of their own', async () => {
    const mirror = await opened({ folder, clock });
    await mirror.keep({ account: '__proto__', refused: ['constructor'] });
    await mirror.close();
    expect((await opened({ folder, clock })).recall('__proto__')?.refused).toEqual(['constructor']);
  });

  it('lies sealed, for its user alone, with the one before it', async () => {
    const mirror = await opened({ folder, clock, writer: 'w' });
    const { log, events } = listening();
    await mirror.keep({ account, session: session(clock.now()), held: answer(clock.now()) });
    await mirror.keep({ account, owner: 'broker/AB0001 AB0001' });
    expect(await filesIn(folder)).toEqual(['v1-w', 'v1-w.1']);
    expect((await stat(join(folder, 'mirror'))).mode & 0o777).toBe(0o700);
    for (const name of await filesIn(folder)) {
      expect((await stat(join(folder, 'mirror', name))).mode & 0o777).toBe(0o600);
      const text = await readFile(join(folder, 'mirror', name), 'utf8');
      for (const clear of ['made-up', account, 'AB0001', 'refresh', 'Bearer', '{'])
        expect(text).not.toContain(clear);
    }
    await mirror.close();
    await opened({ folder, clock, log });
    expect(JSON.stringify(events)).not.toContain('made-up');
  });

  it('has no more files after many restarts', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const mirror = await opened({ folder, clock });
      await mirror.keep({ account, refused: [`f${turn}`] });
    }
    const last = await opened({ folder, clock, writer: 'last' });
    expect(last.recall(account)?.refused).toEqual(['f0', 'f1', 'f2', 'f3', 'f4']);
    expect(await filesIn(folder)).toEqual(['v1-last', 'v1-last.1']);
  });

  it('clears a killed process’s draft away, and leaves a fresh one', async () => {
    await mkdir(join(folder, 'mirror'));
    await writeFile(join(folder, 'mirror', 'v1-other.new'), 'half');
    await opened({ folder, clock: fakeClock(Date.now() + 59 * 60_000) });
    expect(await filesIn(folder)).toEqual(['v1-other.new']);
    await opened({ folder, clock: fakeClock(Date.now() + 61 * 60_000) });
    expect(await filesIn(folder)).toEqual([]);
  });
});

describe('generations', () => {
  it('never fall, though they are not written each time', async () => {
    const disk = fakeDisk();
    const now = clock.now();
    const mirror = await opened({ folder, disk, clock });
    mirror.note({ generation: now });
    await mirror.settled();
    const written = disk.operations();
    for (let n = 1; n <= 100; n += 1) mirror.note({ generation: now + n * 500 });
    await mirror.settled();
    expect(disk.operations() - written).toBeLessThan(3);
    expect(mirror.generation()).toBe(now + 50_000);
    // Killed here, and the clock is set back.
    const next = await opened({ folder, disk, clock: fakeClock(now - DAY_MS) });
    for (const least of [next.reservedElsewhere(), next.reservedAtStart()]) {
      expect(least).toBeGreaterThanOrEqual(now + 50_000);
      expect(least).toBeLessThan(now + 2 * 60_000);
    }
    next.note({ generation: next.reservedElsewhere() + 1 });
    await next.settled();
    const third = await opened({ folder, disk, clock: fakeClock(now - DAY_MS) });
    expect(third.reservedElsewhere()).toBeGreaterThan(next.generation());
    expect(third.reservedAtStart()).toBeGreaterThan(next.generation());
  });

  it('are guessed at only where Redis forgot: a process that starts knows of no more than were given', async () => {
    const disk = fakeDisk();
    const mirror = await opened({ folder, disk, clock });
    mirror.note({ generation: clock.now() });
    await mirror.settled();
    const next = await opened({ folder, disk, clock });
    expect(next.generation()).toBe(mirror.generation());
  });

  it('do not chase each other up between two processes', async () => {
    const disk = fakeDisk();
    const before = await opened({ folder, disk, clock });
    before.note({ generation: clock.now() });
    await before.settled();
    const mirrors = [await opened({ folder, disk, clock }), await opened({ folder, disk, clock })];
    for (let n = 0; n < 50; n += 1) {
      for (const mirror of mirrors) {
        mirror.note({ generation: Math.max(mirror.generation(), mirror.reservedAtStart()) + 1 });
        await mirror.settled();
      }
    }
    expect(mirrors[0]?.generation()).toBeLessThan(clock.now() + 62_000);
  });
});

describe('writing', () => {
  it('waits a second for what is only noted, and not at all for what must be kept', async () => {
    const disk = fakeDisk();
    const mirror = await opened({ folder, disk, clock });
    mirror.note({ account, owner: 'o' });
    await clock.advance(900);
    expect(disk.files().size).toBe(0);
    await clock.advance(200);
    expect(disk.files().size).toBe(1);
    await mirror.keep({ account, refused: ['a'] });
    expect((await opened({ folder, disk })).recall(account)?.refused).toEqual(['a']);
  });

  it('puts what comes together into one write and one more', async () => {
    const disk = fakeDisk();
    let writes = 0;
    const counting = {
      ...disk,
      write: (path: string, text: string) => ((writes += 1), disk.write(path, text)),
    };
    const mirror = await opened({ folder, disk: counting, clock });
    const keeping = Array.from({ length: 100 }, (_, n) =>
      mirror.keep({ account: `USER_${n}`, refused: ['a'] }),
    );
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([...keeping, mirror.keep({ account: 'LATE', refused: ['a'] })]);
    expect(writes).toBeLessThanOrEqual(2);
    await mirror.keep({ account: 'LATE', refused: ['a'] });
    mirror.note({
      account: 'NEVER_SEEN',
      worked: { fingerprints: ['a'], at: 1 },
      releasedUpTo: 1,
      endedUpTo: 1,
    });
    await mirror.settled();
    expect(writes).toBeLessThanOrEqual(2);
  });

  it('goes on in memory while the disk is full, says so once a minute, and catches up', async () => {
    const disk = fakeDisk();
    const { log, events } = listening();
    const said = () => events.filter(({ event }) => event === 'mirror.unwritable');
    const mirror = await opened({ folder, disk, clock, log });
    expect(mirror.health()).toBeUndefined();
    disk.refuse('ENOSPC');
    await mirror.keep({ account, refused: ['a'] });
    expect(mirror.recall(account)?.refused).toEqual(['a']);
    expect(mirror.health()).toContain('ENOSPC');
    await clock.advance(55_000);
    expect(said()).toEqual([{ event: 'mirror.unwritable', error: 'ENOSPC' }]);
    await clock.advance(10_000);
    expect(said()).toHaveLength(2);
    disk.refuse(undefined);
    await clock.advance(6_000);
    expect(mirror.health()).toBeUndefined();
    expect((await opened({ folder, disk })).recall(account)?.refused).toEqual(['a']);
  });

  it('ends with close: what was noted is on disk, and nothing comes after', async () => {
    const disk = fakeDisk();
    const mirror = await opened({ folder, disk, clock });
    mirror.note({ account, refused: ['a'] });
    await mirror.close();
    const files = disk.files();
    await mirror.keep({ account, refused: ['b'] });
    await clock.advance(60_000);
    expect(disk.files()).toEqual(files);
    expect(clock.sleepers()).toBe(0);
    expect((await opened({ folder, disk })).recall(account)?.refused).toEqual(['a']);
  });

  it('closes although the disk is full', async () => {
    const disk = fakeDisk();
    const mirror = await opened({ folder, disk, clock });
    disk.refuse('EROFS');
    mirror.note({ account, refused: ['a'] });
    await mirror.close();
    expect(clock.sleepers()).toBe(0);
  });

  it('starts in a folder that cannot be written, and knows what lies there', async () => {
    const disk = fakeDisk();
    await (await opened({ folder, disk, clock })).keep({ account, refused: ['a'] });
    disk.refuse('EROFS');
    const { log, events } = listening();
    const mirror = await opened({ folder, disk, clock, log });
    expect(mirror.recall(account)?.refused).toEqual(['a']);
    expect(mirror.health()).toContain('EROFS');
    expect(events.map(({ event }) => event).toSorted()).toEqual(['mirror.recalled', 'mirror.unwritable']);
  });

  it('starts where there can be no folder at all', async () => {
    await writeFile(join(folder, 'mirror'), 'a file');
    const { log, events } = listening();
    const mirror = await opened({ folder, clock, log });
    await mirror.keep({ account, refused: ['a'] });
    expect(mirror.recall(account)?.refused).toEqual(['a']);
    expect(events).toEqual([{ event: 'mirror.unwritable', error: 'ENOTDIR' }]);
  });
});

describe('two processes on one folder', () => {
  const both = async (): Promise<readonly [Mirror, Mirror]> => [
    await opened({ folder, clock, writer: 'a' }),
    await opened({ folder, clock, writer: 'b' }),
  ];

  it('lose nothing of each other', async () => {
    const [one, other] = await both();
    for (let n = 0; n < 10; n += 1) {
      await Promise.all([
        one.keep({ account: `ONE_${n}`, refused: ['a'] }),
        other.keep({ account: `OTHER_${n}`, refused: ['a'] }),
      ]);
    }
    await one.look();
    expect(one.recall('OTHER_9')?.refused).toEqual(['a']);
    const third = await opened({ folder, clock });
    for (let n = 0; n < 10; n += 1) {
      expect(third.recall(`ONE_${n}`)?.refused).toEqual(['a']);
      expect(third.recall(`OTHER_${n}`)?.refused).toEqual(['a']);
    }
  });

  it('take back what the other one wrote', async () => {
    const now = clock.now();
    const [one, other] = await both();
    await one.keep({
      account,
      refused: ['a'],
      session: session(now),
      held: answer(now),
      unknownSignIns: [now],
    });
    await one.keep({ network: 'n', failed: { member: 'A', at: now, as: 'unknown' } });
    await clock.advance(5);
    other.note(
      { account, worked: { fingerprints: ['a'], at: now }, endedUpTo: now, releasedUpTo: now },
      { network: 'n', succeededAt: now },
    );
    await other.settled();
    await one.look();
    for (const mirror of [one, other, await opened({ folder, clock })]) {
      expect(mirror.recall(account)).toMatchObject({ refused: [], unknownSignIns: [], proven: ['a'] });
      expect(mirror.recall(account)).toMatchObject({ session: undefined, held: undefined });
      expect(mirror.recallNetwork('n')?.failedSignIns).toEqual([]);
    }
  });

  it('write all they know again after a third has taken their files over', async () => {
    const [one, other] = await both();
    await one.keep({ account: 'ONE', refused: ['a'] });
    await other.keep({ account: 'OTHER', refused: ['a'] });
    // The third has a key of its own, by mistake: it understands nothing and puts it all aside.
    const { log, events } = listening();
    await opened({ folder, clock, writer: 'c', seal: makeSeal([key(2)]), log });
    expect(events.filter(({ event }) => event === 'mirror.unreadable')).toHaveLength(2);
    for (const name of await filesIn(folder)) await rm(join(folder, 'mirror', name));
    // What it is told last is known already, and yet it is written.
    await one.keep({ account: 'ONE', refused: ['a'] });
    expect((await opened({ folder, clock })).recall('ONE')?.refused).toEqual(['a']);
  });
});

describe('keys', () => {
  it('that do not fit put the file aside and say so; the right one brings it back', async () => {
    await (await opened({ folder, clock, writer: 'a' })).keep({ account, session: session(clock.now()) });
    const { log, events } = listening();
    const wrong = await opened({ folder, clock, writer: 'b', seal: makeSeal([key(2)]), log });
    expect(wrong.recall(account)).toBeUndefined();
    const aside = `unreadable-${clock.now()}-b-1`;
    expect(events).toEqual([
      { event: 'mirror.unreadable', file: join(folder, 'mirror', aside), error: 'unopened' },
    ]);
    await wrong.keep({ account: 'OTHER', refused: ['a'] });
    expect(await filesIn(folder)).toEqual([aside, 'v1-b']);

    const right = await opened({ folder, clock, writer: 'c', seal: makeSeal([key(1), key(2)]) });
    expect(right.recall(account)?.session).toEqual(session(clock.now()));
    expect(right.recall('OTHER')?.refused).toEqual(['a']);
    expect(await filesIn(folder)).toEqual(['v1-c', 'v1-c.1']);
  });

  it('that are rotated seal it anew at the start, so that the old one may go', async () => {
    await (await opened({ folder, clock })).keep({ account, refused: ['a'] });
    await opened({ folder, clock, seal: makeSeal([key(2), key(1)]) });
    const { log, events } = listening();
    const mirror = await opened({ folder, clock, seal: makeSeal([key(2)]), log });
    expect(mirror.recall(account)?.refused).toEqual(['a']);
    expect(events.map(({ event }) => event)).toEqual(['mirror.recalled']);
  });

  it('do not matter for a file that this user may not read', async () => {
    await (await opened({ folder, clock, writer: 'a' })).keep({ account, refused: ['a'] });
    const path = join(folder, 'mirror', 'v1-a');
    await chmod(path, 0);
    const { log, events } = listening();
    const mirror = await opened({ folder, clock, log });
    // Root reads everything.
    if (process.getuid?.() === 0) expect(mirror.recall(account)?.refused).toEqual(['a']);
    else expect(events).toMatchObject([{ event: 'mirror.unreadable', error: 'EACCES' }]);
  });
});

describe('ten thousand accounts', () => {
  it('cost less than a blink', async () => {
    const mirror = await opened({ folder, clock });
    const now = clock.now();
    const changes = Array.from({ length: 10_000 }, (_, n) => ({
      account: `USER_${n}`,
      refused: ['0123456789012345678901'],
      unknownSignIns: [now - n, now],
      owner: `broker/demo/USER_${n} 1234567`,
    }));
    await mirror.keep(...changes);
    const costs: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const before = process.cpuUsage();
      await mirror.keep({ account: `USER_${turn}`, seedSpent: 'seed' });
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / 1_000);
    }
    // Some 50 ms; the bound leaves room for a machine that is busy with other tests.
    expect(Math.min(...costs)).toBeLessThan(400);
  });
});
