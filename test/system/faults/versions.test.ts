import { describe, it, type ExpectStatic } from 'vitest';
import type { Running } from '../../support/running.ts';
import { startBots, type Bots } from './bots.ts';
import { onDesk, type Desk } from './desk.ts';
import { earlierCommit, programAt } from './earlier.ts';
import { apiEntry, bridgeEntry, igEntry } from './entries.ts';
import { incidentsOf, loginsOf, sentTwice, withoutNextAction } from './verdicts.ts';
import { errorsOf, rotated } from './versions.ts';

/** How far back the earlier version lies, in commits. */
const BACK = [40, 150] as const;
const entries = [igEntry('IG_A'), igEntry('IG_B'), bridgeEntry('TV_A'), apiEntry('TV_API')];

describe.concurrent('two versions', async () => {
  for (const back of BACK) {
    const commit = await earlierCommit(back);
    const where = commit === undefined ? `: skipped, there is no commit ${back} before this one here` : '';
    it.skipIf(commit === undefined)(
      `this one and that of ${back} commits ago roll to and fro and do not fight${where}`,
      { timeout: 180_000 },
      ({ expect }) =>
        onDesk({ entries, igLifeS: 8 }, async (desk, ends) => {
          const program = await programAt(commit ?? '');
          const stateDir = await desk.newFolder();
          const old = { stateDir, program };
          const now = { stateDir };
          let service = await desk.serve(old);
          await desk.fresh();
          const bots = startBots(ends, desk);
          const all: Running[] = [service];
          for (const version of [now, old, now]) {
            const next = await desk.serve(version);
            all.push(next);
            await rotated(desk);
            expect((await service.stop()).code).toBe(0);
            service = next;
            await rotated(desk);
          }
          await nothingLost(desk, bots, expect);
          expect(incidentsOf(desk)).toEqual([]);
          expect(all.flatMap(errorsOf)).toEqual([]);
          expect((await service.stop()).code).toBe(0);
        }),
    );
  }
});

async function nothingLost(desk: Desk, bots: Bots, expect: ExpectStatic): Promise<void> {
  await desk.fresh();
  await bots.stop();
  for (const name of desk.names) {
    expect(loginsOf(desk, name), name).toHaveLength(1);
    expect(bots.missingMs(name), name).toBe(0);
  }
  expect(sentTwice(desk)).toEqual([]);
  expect(bots.faults()).toEqual([]);
  expect(await withoutNextAction(desk)).toEqual([]);
}
