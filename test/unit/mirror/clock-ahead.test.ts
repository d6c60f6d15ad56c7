import { expect, it } from 'vitest';
import { fakeClock } from '../../support/clock.ts';
import { fakeDisk } from './fake-disk.ts';
import { answer, opened } from './support.ts';

const HOUR_MS = 60 * 60_000;
const folder = '/state';
const account = 'AB0001';

/** What is stored is settled for good; what is held after it is not, whatever instant the clock gives it. */
it('keeps an answer that is held after the clock came back to the right time', async () => {
  const disk = fakeDisk();
  const ahead = fakeClock(Date.UTC(2026, 10, 21, 13));
  const before = await opened({ folder, disk, clock: ahead });
  await before.keep({ account, held: answer(ahead.now()) });
  before.note({ account, releasedUpTo: ahead.now() });
  await before.close();

  const right = fakeClock(ahead.now() - HOUR_MS);
  const after = await opened({ folder, disk, clock: right });
  expect(after.recall(account)?.held).toBeUndefined();
  const held = answer(right.now());
  await after.keep({ account, held });
  expect(after.recall(account)?.held).toEqual(held);
  await after.close();

  const heir = await opened({ folder, disk, clock: right });
  expect(heir.recall(account)?.held).toEqual(held);
  heir.note({ account, releasedUpTo: held.startedAt });
  await heir.settled();
  expect(heir.recall(account)?.held).toBeUndefined();
});

it('does not take an answer for stored by a word that came before it, in one round', async () => {
  const clock = fakeClock();
  const mirror = await opened({ folder, disk: fakeDisk(), clock });
  await mirror.keep({ account, held: answer(clock.now() + HOUR_MS) });
  mirror.note({ account, releasedUpTo: clock.now() + HOUR_MS });
  const held = answer(clock.now());
  await mirror.keep({ account, held });
  expect(mirror.recall(account)?.held).toEqual(held);
});
