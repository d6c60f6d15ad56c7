/**
 * How long a refresh token waits for the disk before it goes out, alone and with others:
 * `node test/measure/spends.ts [FOLDER]`, on the disk of the folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { openMirror } from '../../src/mirror/index.ts';
import { makeSeal } from '../../src/redis/seal.ts';

const SPENDS = 500;

const silent = (): void => undefined;
const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'spends-'));
const mirror = await openMirror({
  folder,
  seal: makeSeal([Buffer.alloc(32, 1)]),
  log: { debug: silent, info: silent, warn: silent, error: silent },
  clock: systemClock,
});
for (const atOnce of [1, 10, 50]) {
  const took: number[] = [];
  for (let round = 0; round < SPENDS / atOnce; round += 1) {
    const spend = async (n: number): Promise<void> => {
      const from = performance.now();
      await mirror.renewals.spend(`USER_${n}`, `fingerprint-${round}-${n}`);
      took.push(performance.now() - from);
    };
    await Promise.all(Array.from({ length: atOnce }, (_, n) => spend(n)));
  }
  took.sort((a, b) => a - b);
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(1);
  process.stdout.write(`${atOnce} at once: median ${at(0.5)} ms, p99 ${at(0.99)} ms\n`);
}
await mirror.close();
rmSync(folder, { recursive: true });
