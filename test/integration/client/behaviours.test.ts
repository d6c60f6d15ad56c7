import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython } from '../../support/python.ts';
import { until } from '../../support/poll.ts';
import type { Bot, BotMaker, BrokerPart } from './bot.ts';
import { openDesk, type ClientDesk } from './desk.ts';
import { nodeBots } from './node-bot.ts';
import { pythonBots } from './python-bot.ts';

/** Getting redis-py takes a while where it is not there yet. */
const GET_MS = 6 * 60_000;
/** The client for Node waits so long before the same token is tried again; the one for Python is told to. */
const DELAY_MS = 250;

const python = findPython();
const inPython = (kind: 'threads' | 'asyncio') => async (): Promise<BotMaker | string> => {
  const found = await python;
  if (!('missing' in found)) return pythonBots(found, kind);
  if (process.env['REQUIRE_PYTHON'] === '1') throw new Error(found.missing);
  return found.missing;
};
const clients: readonly (readonly [string, () => Promise<BotMaker | string>])[] = [
  ['Node', async () => nodeBots()],
  ['Python with threads', inPython('threads')],
  ['Python with asyncio', inPython('asyncio')],
];

let desk: ClientDesk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.stop());

describe.each(clients)('the client for %s', (_client, make) => {
  let maker: BotMaker | string;
  beforeAll(async () => {
    maker = await make();
    await desk.redis.flushdb();
  }, GET_MS);
  afterAll(async () => {
    if (typeof maker !== 'string') await maker.end();
  });

  /** A behaviour; `bot` gives one on the desk's Redis, unless told otherwise. */
  const behaviour = (
    what: string,
    test: (bot: (options?: { url?: string; frozen?: boolean }) => Promise<Bot>) => Promise<void>,
  ): void =>
    it(what, async ({ skip }) => {
      if (typeof maker === 'string') return skip(maker);
      const { open } = maker;
      const bots: Bot[] = [];
      try {
        await test(async (options) => {
          const bot = await open({ url: desk.server.url, ...options });
          bots.push(bot);
          return bot;
        });
      } finally {
        await Promise.all(bots.map((bot) => bot.close()));
      }
    });

  const reportsOf = async (name: string) =>
    (await desk.reports()).filter((report) => report['name'] === name);
  /** Every read of a token asks for its key's TTL. */
  const readsSoFar = async (): Promise<number> =>
    Number(/cmdstat_pttl:calls=(\d+)/.exec(await desk.redis.info('commandstats'))?.[1] ?? 0);
  const callOnce = async (bot: Bot, name: string, broker: BrokerPart) => {
    const [made] = await bot.call(name, { delayMs: DELAY_MS, ...broker });
    if (!made) throw new Error('no call was made');
    return { ended: made.ended, generations: made.tries.map(({ generation }) => generation), made };
  };

  behaviour('gives token, headers, base URL and generation of one moment', async (open) => {
    const token = await desk.publish('READ', 7);
    const bot = await open();
    expect(await bot.read('READ')).toEqual({
      ...{ name: 'READ', token, generation: 7 },
      baseUrl: 'http://127.0.0.1:9',
    });
    expect(await bot.get('READ')).toBe(token);
    expect(await bot.headers('READ')).toEqual({ Authorization: `Bearer ${token}`, 'X-Account': 'READ' });
  });

  behaviour('says why there is none', async (open) => {
    await desk.redis.hset('state:STOPPED', { state: 'stopped', reason: 'bad_credentials' });
    const bot = await open();
    expect(await bot.get('STOPPED')).toBeUndefined();
    expect(await bot.why('STOPPED')).toEqual({ state: 'stopped', reason: 'bad_credentials' });
    expect(await bot.why('NOBODY')).toEqual({ state: '', reason: '' });
  });

  behaviour('takes an alias, which has a token and nothing else', async (open) => {
    await desk.redis.set('token:ALIAS', 'made-up', 'PX', 60_000);
    expect(await (await open()).headers('ALIAS')).toEqual({ Authorization: 'Bearer made-up' });
  });

  behaviour('asks once a second, however often it is asked', async (open) => {
    await desk.publish('OFTEN', 1);
    const bot = await open({ frozen: true });
    const first = await bot.get('OFTEN');
    await desk.publish('OFTEN', 2);
    await bot.elapse(999);
    expect(await bot.get('OFTEN')).toBe(first);
    await bot.elapse(1);
    expect(await bot.get('OFTEN')).toBe('made-up-OFTEN-2');
  });

  behaviour('never gives an older generation than it gave before', async (open) => {
    await desk.publish('BACK', 5);
    const bot = await open({ frozen: true });
    await bot.get('BACK');
    await desk.publish('BACK', 4);
    await bot.elapse(2_000);
    expect(await bot.get('BACK')).toBe('made-up-BACK-5');
  });

  behaviour('keeps no token past its end, however short it was read before', async (open) => {
    await desk.publish('SHORT', 1, { livesMs: 60_000, saysMs: 400 });
    const bot = await open({ frozen: true });
    expect(await bot.get('SHORT')).toBe('made-up-SHORT-1');
    await bot.elapse(400);
    await desk.redis.del('token:SHORT', 'meta:SHORT');
    expect(await bot.get('SHORT')).toBeUndefined();
  });

  behaviour('falls back to the next account, and says which', async (open) => {
    await desk.publish('SECOND', 1);
    const bot = await open();
    expect(await bot.getFirst(['NOBODY', 'SECOND'])).toBe('SECOND');
    expect(await bot.getFirst(['NOBODY'])).toBeUndefined();
  });

  behaviour('makes a call that the broker takes once, and reports nothing', async (open) => {
    await desk.publish('FINE', 1);
    const { ended, generations } = await callOnce(await open(), 'FINE', {});
    expect([ended, generations]).toEqual(['done', [1]]);
    expect(await reportsOf('FINE')).toEqual([]);
  });

  behaviour(
    'reports a refused token once, and calls again with the newer one once it is out',
    async (open) => {
      await desk.publish('DEAD', 1);
      const bot = await open();
      const calls = bot.call('DEAD', { refuses: 1, times: 100 });
      await until(async () => (await reportsOf('DEAD')).length > 0, { what: 'a report' });
      await desk.publish('DEAD', 2);
      const made = await calls;
      expect(new Set(made.map(({ ended }) => ended))).toEqual(new Set(['done']));
      const tries = made.map((each) => each.tries.map(({ generation }) => generation).join());
      // A call that began late found the newer one at once.
      expect(new Set(tries.filter((each) => each !== '2'))).toEqual(new Set(['1,2']));
      expect(await reportsOf('DEAD')).toEqual([{ name: 'DEAD', generation: '1', status: '401' }]);
    },
  );

  behaviour('reads nothing, while it waits, for events that bring no token', async (open) => {
    await desk.publish('QUIET', 1);
    const asked = callOnce(await open(), 'QUIET', { refuses: 1 });
    await until(async () => (await reportsOf('QUIET')).length > 0, { what: 'a report' });
    const before = await readsSoFar();
    for (let i = 0; i < 200; i++) {
      const event = { event: i % 2 === 0 ? 'failed' : 'expired', names: ['QUIET'], generation: 1 };
      await desk.redis.publish('token-events', JSON.stringify(event));
    }
    // It looks by itself as well, twice a second.
    expect((await readsSoFar()) - before).toBeLessThan(20);
    await desk.publish('QUIET', 2);
    expect((await asked).generations).toEqual([1, 2]);
  });

  behaviour('calls again at once, without a report, where a newer token is out already', async (open) => {
    await desk.publish('LATE', 1);
    const bot = await open({ frozen: true });
    await bot.get('LATE');
    await desk.publish('LATE', 2);
    const { ended, generations } = await callOnce(bot, 'LATE', { refuses: 1, answers: true });
    expect([ended, generations]).toEqual(['done', [1, 2]]);
    expect(await reportsOf('LATE')).toEqual([]);
  });

  behaviour('tries a confirmed token three times in all, and hands the refusal on', async (open) => {
    await desk.publish('ODD', 1);
    const asked = callOnce(await open(), 'ODD', { refuses: 1 });
    for (let made = 1; made < 3; made++) {
      await until(async () => (await reportsOf('ODD')).length === made, { what: `report ${made}` });
      await desk.publish('ODD', 1, { event: 'confirmed' });
    }
    const { ended, generations, made } = await asked;
    expect([ended, generations]).toEqual(['refused', [1, 1, 1]]);
    const [first = 0, second = 0, third = 0] = made.tries.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(DELAY_MS - 1);
    expect(third - second).toBeGreaterThanOrEqual(2 * DELAY_MS - 1);
  });

  behaviour('hands on any other error untouched, at once', async (open) => {
    await desk.publish('OTHER', 1);
    const { ended, generations } = await callOnce(await open(), 'OTHER', { fails: 'no margin' });
    expect([ended, generations]).toEqual(['no margin', [1]]);
  });

  behaviour('hands the refusal on where no newer token comes in time', async (open) => {
    await desk.publish('NEVER', 1);
    const { ended, generations } = await callOnce(await open(), 'NEVER', { refuses: 1, waitMs: 300 });
    expect([ended, generations]).toEqual(['refused', [1]]);
  });

  behaviour('pushes nobody else’s report out of a stream that somebody floods', async (open) => {
    await desk.publish('FLOOD', 1);
    await desk.redis.eval(
      "for i = 1, 101000 do redis.call('XADD', KEYS[1], '*', 'name', 'A', 'generation', '1') end",
      1,
      'token-reports',
    );
    const before = await desk.redis.xlen('token-reports');
    await callOnce(await open(), 'FLOOD', { refuses: 1, waitMs: 300 });
    expect(await desk.redis.xlen('token-reports')).toBe(before + 1);
    await desk.redis.del('token-reports');
  });

  behaviour('waits for a token where there is none yet, and says why where none comes', async (open) => {
    const bot = await open();
    const waiting = callOnce(bot, 'SOON', {});
    await desk.publish('SOON', 1);
    expect((await waiting).ended).toBe('done');
    await desk.redis.hset('state:PERSON', { state: 'awaiting_approval', reason: 'asked' });
    const { ended, generations } = await callOnce(bot, 'PERSON', { waitMs: 100 });
    expect(ended).toMatch(/^NO_TOKEN .*awaiting_approval \(asked\)/);
    expect(generations).toEqual([]);
  });

  behaviour('tells a subscriber the present token, each newer one, and its end', async (open) => {
    await desk.publish('SUB', 1);
    const following = (await open()).follow('SUB');
    await until(() => following.heard().length === 1, { what: 'the present one' });
    await desk.publish('SUB', 2);
    await until(() => following.heard().length === 2, { what: 'the newer one' });
    await desk.redis.del('token:SUB', 'meta:SUB');
    const event = { event: 'expired', names: ['SUB'], generation: 2 };
    await desk.redis.publish('token-events', JSON.stringify(event));
    await until(() => following.heard().length === 3, { what: 'its end' });
    await following.stop();
    await desk.publish('SUB', 3);
    expect(following.heard()).toEqual([1, 2, null]);
  });

  behaviour('does not end a subscription by what its function throws', async (open) => {
    await desk.publish('THROWS', 1);
    const following = (await open()).follow('THROWS', { throws: true });
    await until(() => following.heard().length === 1, { what: 'the first call' });
    await desk.publish('THROWS', 2);
    await until(() => following.heard().length === 2, { what: 'the second call' });
    await until(() => following.errors() === 2, { what: 'both errors' });
  });

  behaviour(
    'keeps a live token while Redis is away, gives no dead one, and reads anew after',
    async (open) => {
      const own = await openDesk(true);
      try {
        const token = await own.publish('AWAY', 1);
        const bot = await open({ url: own.server.url, frozen: true });
        const following = bot.follow('AWAY');
        await until(() => following.heard().length === 1, { what: 'the subscription' });
        expect(await bot.get('AWAY')).toBe(token);
        await own.server.kill();
        await bot.elapse(59_000);
        expect(await bot.get('AWAY')).toBe(token);
        await bot.elapse(1_000);
        await expect(bot.get('AWAY')).rejects.toMatchObject({ code: 'REDIS_AWAY' });
        await own.server.restart();
        await until(() => own.redis.ping(), { what: 'Redis to be back' });
        await own.publish('AWAY', 2);
        await until(() => following.heard().at(-1) === 2, { what: 'the new one' });
        expect(await bot.get('AWAY')).toBe('made-up-AWAY-2');
      } finally {
        await own.stop();
      }
    },
  );
});
