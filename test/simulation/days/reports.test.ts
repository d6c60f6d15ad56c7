import { afterEach, describe, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { generationOf, report, writeJunk } from '../bots.ts';
import { strictest, watchInvariants } from '../invariants/index.ts';
import { kindOf } from '../truth.ts';
import { makeWorld, type World } from '../world.ts';
import { busiest, expectAllWell, HOUR_MS, MINUTE_MS, SECOND_MS, watchGaps } from './clockwork.ts';

/* What bots report of refused tokens, over hours: one replacement of a dead token, none of a good one, and no loop. */

const tv = { username: 'TV', password: 'made-up-pass-tv' };
const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };
const pair = {
  ...ig,
  username: 'PAIR',
  password: 'made-up-pass-pair',
  apiKey: 'made-up-key-2',
  session: 'v2',
};
const brokerOf = ({ broker = 'tradovate' }: RawEntry): string => String(broker);

let world: World;
afterEach(() => world.stop());

async function open(entries: readonly RawEntry[], replicas = 2): Promise<void> {
  world = await makeWorld({ entries, replicas, sharesDisk: true, sweepEveryMs: MINUTE_MS });
  watchInvariants(world, { ...strictest, planWithinMs: 75 * SECOND_MS });
  const names = entries.map(({ username }) => String(username));
  await world.runUntil('all tokens', () => names.every((name) => world.token(name) !== undefined), HOUR_MS);
}
const signIns = (name: string): number =>
  world.calls().filter((call) => call.username === name && kindOf(call) === 'sign-in').length;
const reported = (outcome: string): number => world.reported().get(outcome) ?? 0;
const allReported = (): number => [...world.reported().values()].reduce((a, b) => a + b, 0);

describe.each([
  ['Tradovate', tv],
  ['IG', ig],
  ['IG v2', pair],
] as const)('a token of %s', (_, entry) => {
  const name = entry.username;
  const broker = brokerOf(entry);

  test('that is dead is replaced once, however many say so, at once and one after the other, to two processes', async () => {
    await open([entry]);
    for (let times = 0; times < 3; times++) {
      await world.runFor(10 * MINUTE_MS);
      const generation = generationOf(world, name);
      const before = signIns(name);
      world.command(broker, 'expire-all');
      // Some know already, others come to it while it is proved and replaced, and some long after.
      for (let i = 0; i < 200; i++) {
        world.timeline.after(world.dice.whole(0, 90 * SECOND_MS), () => report(world, name, generation));
      }
      await report(world, name, generation, 200);
      await world.runUntil('the next', () => generationOf(world, name) > generation, 5 * SECOND_MS);
      await world.runFor(2 * MINUTE_MS);
      expect(signIns(name)).toBe(before + 1);
      expectAllWell(world, [name]);
    }
    expect(reported('noted')).toBe(3);
    expect(allReported()).toBe(3 * 400);
  });

  test('that is dead is replaced once where the process that heard of it dies at any of its steps', async () => {
    await open([entry]);
    for (let steps = 1; steps <= 40; steps += 3) {
      await world.runFor(6 * MINUTE_MS);
      const generation = generationOf(world, name);
      world.command(broker, 'expire-all');
      const seen = new Set<unknown>();
      const [first] = world.replicas();
      first?.life.onDeath(() =>
        world.timeline.after(SECOND_MS, async () => void (await world.startReplica({}, first.disk))),
      );
      first?.life.killAfter(steps);
      await report(world, name, generation, 50);
      await world.runUntil('the next', () => generationOf(world, name) > generation, 20 * MINUTE_MS);
      for (const { event } of world.events) {
        if (event['event'] === 'refreshed' && Number(event['generation']) > generation)
          seen.add(event['generation']);
      }
      // A token of a minute has followers; a login whose process died with its answer is made once more.
      if (entry !== ig) expect(seen.size).toBe(1);
    }
  });

  test('that is good is proved at most once a minute in a flood of twenty minutes, and nothing else changes', async () => {
    await open([entry]);
    const gaps = watchGaps(world, [name]);
    await world.runFor(MINUTE_MS);
    const before = signIns(name);
    const from = world.now();
    const calls = world.calls().length;
    for (let second = 0; second < 20 * 60; second += 10) {
      world.timeline.after(second * SECOND_MS, async () => {
        const generation = generationOf(world, name);
        // What is out, what was out, what never was, and nobody's.
        await report(world, name, generation, 40);
        await report(world, name, generation - 1, 20);
        await report(world, name, generation + 1, 20);
        await report(world, 'NOBODY', generation, 10);
        await writeJunk(world, 10);
      });
    }
    await world.runFor(21 * MINUTE_MS);
    expect(gaps.of(name)).toEqual([]);
    expect(signIns(name) - before).toBe(0);
    const proofs = world
      .calls({ after: calls })
      .filter((call) => kindOf(call) === 'proof' && call.startedAt > from);
    // One that follows may be proved once, too: of a token of a minute there are two in a minute.
    expect(busiest(proofs, MINUTE_MS)).toBeLessThanOrEqual(entry === ig ? 3 : 2);
    expect(proofs.length).toBeGreaterThan(10);
    expect(proofs.length).toBeLessThanOrEqual(entry === ig ? 60 : 23);
    expect(allReported()).toBe(100 * 120);
    expect(reported('junk')).toBe(10 * 120);
    expect(reported('unknown')).toBe(10 * 120);
    expect(await world.redis.xlen('token-reports')).toBeLessThan(11_000);
    expectAllWell(world, [name]);
  });

  test('that somebody ends each time as soon as it is out is replaced once in five minutes at most', async () => {
    await open([entry]);
    const from = signIns(name);
    let ended = 0;
    const reporting = (): void => {
      world.timeline.after(10 * SECOND_MS, async () => {
        await report(world, name, generationOf(world, name), 3);
        if (world.now() < until) reporting();
      });
    };
    world.onStep((changed) => {
      if (!changed.includes(`meta:${name}`) || world.now() > until) return;
      const generation = generationOf(world, name);
      if (generation <= ended) return;
      ended = generation;
      world.timeline.after(2 * SECOND_MS, () => void world.command(broker, 'expire-all'));
    });
    const until = world.now() + 30 * MINUTE_MS;
    world.command(broker, 'expire-all');
    reporting();
    await world.runFor(30 * MINUTE_MS);
    // Of a token of a minute the renewal is refused, too, whoever reports: that sign-in is no bot's doing.
    if (entry !== ig) expect(signIns(name) - from).toBeLessThanOrEqual(7);
    const deaths = world.log.filter(({ fields }) => fields['event'] === 'token.died_early');
    expect(deaths.length).toBeGreaterThan(3);
    expect(deaths.length).toBeLessThanOrEqual(7);
    await world.runFor(HOUR_MS);
    expectAllWell(world, [name]);
  });
});
