import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, it, type ExpectStatic } from 'vitest';
import { makeEndings, stop } from '../../support/endings.ts';
import { until } from '../../support/poll.ts';
import { startProxy, type Proxy } from '../../support/proxy.ts';
import { startRedis, type ClientOptions } from '../../support/redis.ts';
import type { Running } from '../../support/running.ts';
import { startBots } from './bots.ts';
import { openDesk, type Desk } from './desk.ts';
import { apiEntry, bridgeEntry, igEntry } from './entries.ts';
import { holderOf, slowRotation } from './rotations.ts';
import { extraLogins, incidentsOf, loginsOf, sentTwice, withoutNextAction } from './verdicts.ts';

/*
 * The network between processes and Redis goes, with a rotation under way. Each process has one of its
 * own; bots and brokers are reached all the while.
 */

const entries = [igEntry('IG_A'), igEntry('IG_B'), bridgeEntry('TV_A'), apiEntry('TV_API')];
/** What nobody answers is given up after six seconds, and IG's lease is half as long again. */
const PAST_THE_LEASE_MS = 10_000;

/** A process and its network. */
interface Site {
  readonly service: Running;
  readonly network: Proxy;
}

/** Breaks something with a rotation of IG_A under way at `holder`, and says how many logins that may cost. */
type Break = (desk: Desk, sites: { readonly holder: Site; readonly all: readonly Site[] }) => Promise<number>;

async function onNetworks(expect: ExpectStatic, which: string, work: Break): Promise<void> {
  const ends = makeEndings();
  try {
    const server = ends.add(await startRedis({ own: true, durable: true }), stop);
    const redis = {
      connect: (how: ClientOptions) => new Redis(server.url, how),
      env: { REDIS_URL: server.url },
    };
    const desk = await openDesk(ends, { entries, igLifeS: 30, redis });
    const disk = which === 'one STATE_DIR' ? { stateDir: await desk.newFolder() } : {};
    const begin = async (): Promise<Site> => {
      const network = ends.add(await startProxy(server.port), stop);
      const env = { REDIS_URL: `redis://127.0.0.1:${network.port}` };
      return { service: await desk.serve({ ...disk, env }), network };
    };
    const all = await Promise.all([begin(), begin()]);
    await desk.fresh();
    const bots = startBots(ends, desk);
    const before = await desk.token('IG_A');
    await Promise.all([slowRotation(desk, 1_500), desk.request('IG_A')]);
    const pid = await holderOf(desk, 'IG_A');
    const holder = all.find(({ service }) => service.pid === pid);
    if (!holder) throw new Error(`nobody holds IG_A: ${pid}`);
    const allowed = await work(desk, { holder, all });
    const isNew = (token: string | null) => async (): Promise<boolean> =>
      ![null, token].includes(await desk.token('IG_A'));
    await until(isNew(before), { what: 'the new token', timeoutMs: 20_000 });
    for (const { network } of all) network.heal();
    for (const { service } of all)
      await until(async () => (await service.ask('/readyz')).status === 200, { what: 'to be ready' });
    for (let times = 0; times < 2; times++) {
      const token = await desk.token('IG_A');
      await desk.request('IG_A');
      await until(isNew(token), { what: 'the next rotation', timeoutMs: 20_000 });
    }
    await desk.fresh();
    await bots.stop();
    expect(extraLogins(desk, 'IG_A').length).toBeLessThanOrEqual(allowed);
    for (const name of ['IG_B', 'TV_A', 'TV_API']) expect(loginsOf(desk, name), name).toHaveLength(1);
    expect(sentTwice(desk)).toEqual([]);
    expect(bots.faults()).toEqual([]);
    for (const name of desk.names) expect(bots.missingMs(name), name).toBe(0);
    expect(await withoutNextAction(desk)).toEqual([]);
    expect(incidentsOf(desk).filter(({ opens, closes }) => opens !== 1 || closes !== 1)).toEqual([]);
    for (const { service } of all) expect((await service.stop()).code).toBe(0);
  } finally {
    await ends.all();
  }
}

describe.concurrent.each(['one STATE_DIR', 'a STATE_DIR each'])('two processes with %s', (which) => {
  it(
    'of which one is cut off within its lease: its answer is stored, and nobody signs in',
    ({ expect }) =>
      onNetworks(expect, which, async (desk, { holder }) => {
        holder.network.cut();
        const isAnswered = (): boolean => desk.simulator.inFlight('ig', 'refresh-token') === 0;
        await until(isAnswered, { what: 'the answer that cannot be stored' });
        await sleep(500);
        holder.network.heal();
        return 0;
      }),
    60_000,
  );

  it(
    'of which one is cut off past the end of its lease: the other one takes over, one login at most',
    ({ expect }) =>
      onNetworks(expect, which, async (desk, { holder }) => {
        const before = await desk.token('IG_A');
        holder.network.cut();
        await until(async () => (await desk.token('IG_A')) !== before, {
          what: 'the other one to take over',
          timeoutMs: 25_000,
        });
        return 1;
      }),
    60_000,
  );

  it(
    'whose traffic is swallowed for longer than the lease: the answer is stored, and nobody signs in',
    ({ expect }) =>
      onNetworks(expect, which, async (_, { all }) => {
        for (const { network } of all) network.blackhole('all');
        await sleep(PAST_THE_LEASE_MS);
        for (const { network } of all) network.heal();
        return 0;
      }),
    60_000,
  );
});
