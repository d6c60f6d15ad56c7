import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { brokers } from '../../../src/brokers/index.ts';
import { sharedLookup, THREADS } from '../../../src/core/lookup.ts';

type Callback = Parameters<LookupFunction>[2];
interface Asked {
  readonly host: string;
  readonly answer: Callback;
}

function makeRig() {
  const asked: Asked[] = [];
  const lookup = sharedLookup((host, _, answer) => void asked.push({ host, answer }));
  const heard: unknown[][] = [];
  const ask = (host: string, options: Parameters<LookupFunction>[1] = { all: true }): void =>
    lookup(host, options, (...answer) => void heard.push([host, ...answer]));
  return { asked, heard, ask };
}

describe('the lookup of names', () => {
  it('asks once for a name, however many wait for it, and tells them all', () => {
    const { asked, heard, ask } = makeRig();
    for (let i = 0; i < 10; i++) ask('hangs.example');
    ask('answers.example');
    expect(asked.map(({ host }) => host)).toEqual(['hangs.example', 'answers.example']);

    asked[1]?.answer(null, '192.0.2.1', 4);
    expect(heard).toEqual([['answers.example', null, '192.0.2.1', 4]]);
    const failure = Object.assign(new Error('made up'), { code: 'EAI_AGAIN' });
    asked[0]?.answer(failure, []);
    expect(heard.slice(1)).toEqual(Array.from({ length: 10 }, () => ['hangs.example', failure, []]));
  });

  it('asks anew once it has an answer: the system says how long one is good', () => {
    const { asked, ask } = makeRig();
    ask('broker.example');
    asked[0]?.answer(null, '192.0.2.1', 4);
    ask('broker.example');
    expect(asked).toHaveLength(2);
  });

  it('gives nobody the answer to another question', () => {
    const { asked, ask } = makeRig();
    ask('broker.example', { all: true });
    ask('broker.example', { all: false });
    ask('broker.example', { family: 6 });
    expect(asked).toHaveLength(3);
  });

  it('forgets a question that could not be asked', () => {
    let calls = 0;
    const lookup = sharedLookup(() => {
      calls += 1;
      throw new TypeError('made up');
    });
    const ask = (): void => lookup('broker.example', {}, () => undefined);
    expect(ask).toThrow('made up');
    expect(ask).toThrow('made up');
    expect(calls).toBe(2);
  });

  it('has a thread for each name that the settings know, though all of them hang', () => {
    const hosts = brokers.flatMap(({ baseUrls }) =>
      Object.values(baseUrls).flatMap((each) => Object.values(each.hosts)),
    );
    // Beside them: Redis, Discord, the webhook, mail, the heartbeat.
    const names = new Set(hosts.map((each) => new URL(each).host)).size + 5;
    expect(names).toBeLessThanOrEqual(THREADS / 2);
  });
});
