import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { startBots } from './bots.ts';
import { onDesk } from './desk.ts';
import { apiEntry, bridgeEntry, igEntry } from './entries.ts';
import { asEarlier, asLater, UNKNOWN } from './shapes.ts';
import { incidentsOf, loginsOf, sentTwice, withoutNextAction } from './verdicts.ts';
import { errorsOf, rotated } from './versions.ts';

const good = [igEntry('IG_A'), igEntry('IG_B'), bridgeEntry('TV_A'), apiEntry('TV_API')];
const served = good.map(({ username }) => String(username));

/** What one version left is taken over by this one: what it lacks is not missed, what it has more is no trouble. */
describe.concurrent('the shape that another version left', () => {
  it.for([
    { of: 'an earlier one', shapes: [asEarlier] },
    { of: 'a later one', shapes: [asLater] },
    { of: 'a later one, rolled back to an earlier one', shapes: [asLater, asEarlier] },
  ])('$of: nothing is lost, sent again or said', { timeout: 150_000 }, ({ shapes }, { expect }) =>
    onDesk(
      {
        entries: [...good, bridgeEntry('TV_BAD')],
        igLifeS: 8,
        before: (simulator) => simulator.setPassword('tradovate', 'TV_BAD', 'made-up-other'),
      },
      async (desk, ends) => {
        const stateDir = await desk.newFolder();
        let service = await desk.serve({ stateDir });
        await desk.fresh(served);
        await until(async () => (await desk.stateOf('TV_BAD')) === 'stopped', { what: 'the refusal' });
        await until(() => incidentsOf(desk).length === 1, { what: 'its message' });
        const silence = {
          until: String(Date.now() + 600_000),
          code: 'made_up',
          scope: 'key',
          message: 'made up',
        };
        await desk.redis.hset('refresher:silence:tradovate:key:made-up', silence);
        const bots = startBots(ends, desk);
        const errors: unknown[] = [];
        for (const shape of shapes) {
          const said = errorsOf(service).length;
          // Beside one that runs, and then before one that starts.
          await shape(desk, stateDir);
          await rotated(desk);
          errors.push(...errorsOf(service).slice(said));
          expect((await service.stop()).code).toBe(0);
          await shape(desk, stateDir);
          service = await desk.serve({ stateDir });
          await rotated(desk);
          await desk.fresh(served);
          // That of the refused password is no news: it is the word of a moment ago.
          errors.push(...errorsOf(service));
        }
        for (const name of shapes.includes(asEarlier) ? [] : desk.names)
          expect(await desk.redis.hget(`refresher:account:${name}`, UNKNOWN), name).toBe('{"x":1}');
        expect(errors).toEqual([]);
        for (const name of desk.names) expect(loginsOf(desk, name), name).toHaveLength(1);
        // With nothing but the mirror left, what it says is still there.
        await desk.redis.flushall();
        await desk.fresh(served);
        await until(async () => (await desk.stateOf('TV_BAD')) === 'stopped', { what: 'the verdict' });
        await bots.stop();
        expect(loginsOf(desk, 'TV_BAD')).toHaveLength(1);
        expect(sentTwice(desk)).toEqual([]);
        expect(bots.faults()).toEqual([]);
        expect(await withoutNextAction(desk)).toEqual([]);
        expect((await service.stop()).code).toBe(0);
      },
    ),
  );
});
