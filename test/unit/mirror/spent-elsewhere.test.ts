import { expect, it } from 'vitest';
import { makeRenewals, type Renewals } from '../../../src/mirror/renewals.ts';
import { fakeClock } from '../../support/clock.ts';
import { fakeDisk } from './fake-disk.ts';

/* Several processes on one folder: what one of them sent is spent for all, whatever the others took back before. */

const disk = fakeDisk();
const process = (writer: string): Renewals =>
  makeRenewals({
    folder: '/state',
    writer,
    disk,
    clock: fakeClock(0),
    fail: (error) => {
      throw error;
    },
  });

it('stays spent though another one took back an earlier try, and its file is read again', async () => {
  const refused = process('aaaa');
  const sender = process('bbbb');
  await refused.spend('X', 'print');
  // Its connection was refused: the call never left.
  refused.takeBack('X', 'print');
  await refused.settled();
  await sender.look();
  expect(sender.isSpent('X', ['print'])).toBe(false);

  await sender.spend('X', 'print');
  await refused.spend('ANOTHER', 'any');
  await sender.look();
  expect(sender.isSpent('X', ['print'])).toBe(true);
  const heir = process('cccc');
  await heir.look();
  expect(heir.isSpent('X', ['print'])).toBe(true);
});
