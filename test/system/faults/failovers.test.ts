import { Redis } from 'ioredis';
import { describe, it, type ExpectStatic } from 'vitest';
import { makeEndings, stop, type Endings } from '../../support/endings.ts';
import { until } from '../../support/poll.ts';
import { startProxy } from '../../support/proxy.ts';
import { copied, hasServer, startNode, type RedisNode } from '../../support/redis-process.ts';
import { startGuarded, type Guarded } from '../../support/sentinel.ts';
import { startBots } from './bots.ts';
import { openDesk, type Deployed, type Desk } from './desk.ts';
import { apiEntry, bridgeEntry, igEntry, nameOf, personEntry } from './entries.ts';
import { slowRotation } from './rotations.ts';
import { incidentsOf, loginsOf, sentTwice, withoutNextAction } from './verdicts.ts';

/*
 * Another Redis leads from one moment to the next, with a rotation under way: by sentinels, and at the
 * same address. Two processes serve, and bots read.
 */

const good = [igEntry('IG_A'), igEntry('IG_B'), bridgeEntry('TV_A'), apiEntry('TV_API'), personEntry('UP_A')];
const entries = [...good, bridgeEntry('WRONG', 'made-up-wrong')];
const names = good.map(nameOf);
/** Two processes on this Redis, and what they leave behind when `work` is done. */
async function onDeployed(
  expect: ExpectStatic,
  deploy: (ends: Endings) => Promise<Deployed>,
  work: (desk: Desk) => Promise<void>,
  { sharesDisk = false, excused }: { readonly sharesDisk?: boolean; readonly excused?: string } = {},
): Promise<void> {
  const ends = makeEndings();
  try {
    const redis = await deploy(ends);
    const desk = await openDesk(ends, { entries, igLifeS: 30, redis });
    const disk = sharesDisk ? { stateDir: await desk.newFolder() } : {};
    const services = await Promise.all([desk.serve(disk), desk.serve(disk)]);
    expect(await desk.logIn(services[0], 'UP_A')).toBe(200);
    await desk.fresh(names);
    await until(async () => (await desk.stateOf('WRONG')) === 'stopped', { what: 'the refusal' });
    const before = desk.names.map((name) => loginsOf(desk, name).length);
    const bots = startBots(ends, desk);
    const begun = Date.now();
    await work(desk);
    const seen = bots.looks();
    await until(() => bots.looks() > seen + 100, { what: 'the bots to go on reading' });
    await bots.stop();
    expect(desk.names.map((name) => loginsOf(desk, name).length)).toEqual(before);
    expect(sentTwice(desk)).toEqual([]);
    const faults = bots.faults().filter(({ what }) => what !== excused);
    expect(faults).toEqual([]);
    for (const name of names) expect(bots.missingMs(name), name).toBe(0);
    expect(await withoutNextAction(desk)).toEqual([]);
    expect(await desk.stateOf('WRONG')).toBe('stopped');
    // What was said of the logins before is not of the failover.
    const said = incidentsOf(desk).filter(({ openedAt }) => !(Date.parse(openedAt) < begun));
    expect(said.filter(({ opens, closes }) => opens !== 1 || closes !== 1)).toEqual([]);
    for (const service of services) expect((await service.stop()).code).toBe(0);
  } finally {
    await ends.all();
  }
}

/** A rotation is under way while `work` changes who leads; its answer is stored all the same, and the next one comes. */
async function failOver(desk: Desk, work: () => Promise<void>): Promise<void> {
  const before = await desk.token('IG_A');
  const requested = desk.request('IG_A');
  await Promise.all([slowRotation(desk, 1_500), requested]);
  await work();
  const isNew = (token: string | null) => async (): Promise<boolean> =>
    ![null, token].includes(await desk.token('IG_A'));
  await until(isNew(before), { what: 'the answer to be stored', timeoutMs: 20_000 });
  const stored = await desk.token('IG_A');
  await desk.request('IG_A');
  await until(isNew(stored), { what: 'the next rotation', timeoutMs: 20_000 });
  await desk.fresh(names);
}

const guardedBy = (guarded: Guarded): Deployed => ({ connect: guarded.connect, env: guarded.settings });

describe.runIf(hasServer()).concurrent('a failover with a rotation under way', () => {
  it('by sentinels, as for maintenance: no login, no secret twice, no second without a token', async ({
    expect,
  }) => {
    let guarded: Guarded | undefined;
    await onDeployed(
      expect,
      async (ends) => guardedBy((guarded = ends.add(await startGuarded(), stop))),
      (desk) => failOver(desk, async () => guarded?.failOver()),
    );
  }, 60_000);

  it('by sentinels, from a master that was killed: no login, no secret twice, no second without a token', async ({
    expect,
  }) => {
    let guarded: Guarded | undefined;
    await onDeployed(
      expect,
      async (ends) => guardedBy((guarded = ends.add(await startGuarded(), stop))),
      (desk) =>
        failOver(desk, async () => {
          await guarded?.copied();
          await guarded?.nodes[0].kill();
        }),
    );
  }, 60_000);

  it('at the same address, whose old master answers as a replica: the same, there and back again', async ({
    expect,
  }) => {
    let pair: Pair | undefined;
    await onDeployed(
      expect,
      async (ends) => (pair = await startPair(ends)).deployed,
      async (desk) => {
        for (let times = 0; times < 2; times++) await failOver(desk, async () => pair?.swap());
      },
    );
  }, 60_000);

  it('to a replica that had stopped copying: the newer token is put back, no login, no secret twice', async ({
    expect,
  }) => {
    let pair: Pair | undefined;
    await onDeployed(
      expect,
      async (ends) => (pair = await startPair(ends)).deployed,
      (desk) =>
        failOver(desk, async () => {
          // A rotation and the note of another one are lost.
          await pair?.lag();
          const before = await desk.token('IG_B');
          await desk.request('IG_B');
          const isNew = async (): Promise<boolean> => ![null, before].includes(await desk.token('IG_B'));
          await until(isNew, { what: 'a rotation that gets lost' });
          const lost = await desk.token('IG_B');
          await pair?.lose();
          const isBack = async (): Promise<boolean> => (await desk.token('IG_B')) === lost;
          await until(isBack, { what: 'it to be published again', timeoutMs: 10_000 });
        }),
      { sharesDisk: true, excused: 'a generation fell' },
    );
  }, 60_000);
});

/** A master and its replica behind one address. */
interface Pair {
  readonly deployed: Deployed;
  /** The replica leads, and the old master follows it. */
  swap(): Promise<void>;
  /** The replica copies no more. */
  lag(): Promise<void>;
  /** The master is gone, and the other one answers in its place. */
  lose(): Promise<void>;
}

async function startPair(ends: Endings): Promise<Pair> {
  let leader = ends.add(await startNode(), stop);
  let other = ends.add(await startNode(), stop);
  const address = ends.add(await startProxy(leader.port), stop);
  await follow(other, leader);
  const url = `redis://127.0.0.1:${address.port}`;
  return {
    deployed: {
      connect: (how) => new Redis(url, { ...how, reconnectOnError }),
      env: { REDIS_URL: url },
    },
    async swap() {
      await copied(leader.admin);
      address.leadTo(other.port);
      await other.admin.replicaof('NO', 'ONE');
      await follow(leader, other);
      [leader, other] = [other, leader];
    },
    async lag() {
      await other.admin.replicaof('NO', 'ONE');
    },
    async lose() {
      address.leadTo(other.port);
      await leader.kill();
    },
  };
}

/** Also what failed is sent again. */
const reconnectOnError = (error: Error): 2 | false => error.message.startsWith('READONLY') && 2;

async function follow(replica: RedisNode, master: RedisNode): Promise<void> {
  await replica.admin.replicaof('127.0.0.1', master.port);
  await until(async () => (await replica.admin.info('replication')).includes('master_link_status:up'), {
    what: 'the replica to follow',
  });
}
