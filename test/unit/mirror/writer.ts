import { systemClock } from '../../../src/core/clock.ts';
import { opened } from './support.ts';

/** A process of its own that writes until it is killed, and says what it was told is on disk. */
const [folder = '', name = ''] = process.argv.slice(2);
const mirror = await opened({ folder, clock: systemClock });
for (let n = 0; mirror.health() === undefined; n += 1) {
  await mirror.keep({ account: `${name}_${n}`, refused: ['a'] });
  if (mirror.health() === undefined) process.stdout.write(`${name}_${n}\n`);
}
process.exit(1);
