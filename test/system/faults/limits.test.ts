import { describe, it } from 'vitest';
import { until } from '../../support/poll.ts';
import { startBots } from './bots.ts';
import { onDesk, type Desk } from './desk.ts';
import { bridgeEntry } from './entries.ts';
import { loginsOf, withoutNextAction } from './verdicts.ts';

/** Refused logins that Tradovate takes in an hour before it locks the address; see docs/brokers. */
const MOST_REFUSED = 4;
const entries = Array.from({ length: 20 }, (_, i) => bridgeEntry(`TV_${String(i).padStart(2, '0')}`));
const names = entries.map(({ username }) => String(username));
const wrong = names.filter((_, i) => i % 4 === 2);

describe('twenty accounts of which five have a wrong password, under the brokers’ own limits', () => {
  it('two processes, one of them killed -9, and Redis as well: the hour’s failures are not spent', ({
    expect,
  }) =>
    onDesk(
      {
        entries,
        hasLimits: true,
        before: (simulator) => {
          for (const name of wrong) simulator.setPassword('tradovate', name, 'made-up-other');
        },
      },
      async (desk, ends) => {
        const stateDir = await desk.newFolder();
        const [one] = await Promise.all([desk.start({ stateDir }), desk.start({ stateDir })]);
        const bots = startBots(ends, desk);
        await until(() => refusedOf(desk).length > 0, { what: 'the first refusal', timeoutMs: 30_000 });
        await one.kill();
        await desk.start({ stateDir });
        const before = loginsIn(desk);
        await until(() => loginsIn(desk) > before || refusedOf(desk).length >= MOST_REFUSED - 1, {
          what: 'logins of who is left',
          timeoutMs: 60_000,
        });
        await desk.server.kill();
        await desk.server.restart();
        await until(
          async () =>
            (await unsettled(desk)).length === 0 || Promise.reject(new Error(String(await unsettled(desk)))),
          {
            what: 'all to be served, stopped or held back',
            timeoutMs: 90_000,
          },
        );
        // However often they are looked at from now on.
        for (const name of names) await desk.request(name, { rearm: false });
        for (const name of names) await desk.due(name);
        await until(async () => (await unsettled(desk)).length === 0, {
          what: 'the same again',
          timeoutMs: 60_000,
        });
        await bots.stop();
        expect(refusedOf(desk).length).toBeLessThanOrEqual(MOST_REFUSED);
        for (const name of wrong)
          expect(refusedOf(desk).filter((each) => each === name).length).toBeLessThanOrEqual(1);
        expect(bots.faults()).toEqual([]);
        expect(await withoutNextAction(desk)).toEqual([]);
        const states = await Promise.all(names.map(async (name) => `${name} ${await said(desk, name)}`));
        console.log(`${refusedOf(desk).length} refused; ${states.join(', ')}`);
      },
    ));
});

const loginsIn = (desk: Desk): number => names.flatMap((name) => loginsOf(desk, name)).length;
/** Whoever has a wrong password is refused by each answer. */
const refusedOf = (desk: Desk): readonly string[] =>
  wrong.flatMap((name) => loginsOf(desk, name).flatMap(({ status }) => (status === undefined ? [] : [name])));

/** How the service says that an account stands: its state and why. */
async function said(desk: Desk, name: string): Promise<string> {
  const [state, reason] = await desk.redis.hmget(`state:${name}`, 'state', 'reason');
  return `${state} ${reason}`;
}

/** Who is neither served nor stopped, nor said to be held back by the limit. */
async function unsettled(desk: Desk): Promise<readonly string[]> {
  const all = await Promise.all(
    names.map(async (name) => {
      const stands = await said(desk, name);
      const isWell = stands.startsWith('fresh ') && !wrong.includes(name);
      const isStopped = stands.startsWith('stopped ') && wrong.includes(name);
      const isHeld = (await desk.redis.hexists(`refresher:account:${name}`, 'heldBack')) === 1;
      return isWell || isStopped || isHeld ? [] : [`${name} ${stands}`];
    }),
  );
  return all.flat();
}
