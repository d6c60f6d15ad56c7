import { describe, expect, it } from 'vitest';
import type { Random } from '../../../src/core/clock.ts';
import type { Trouble } from '../../../src/core/session.ts';
import type { Change } from '../../../src/mirror/index.ts';
import { cut } from '../../../src/mirror/cut.ts';
import { makeMemory } from '../../../src/mirror/memory.ts';
import { merge } from '../../../src/mirror/merge.ts';
import { emptyPicture, pictureOf, textOf, type Picture } from '../../../src/mirror/mirror.ts';
import { recallAccount, recallNetwork } from '../../../src/mirror/recall.ts';
import { answer, DAY_MS, session } from './support.ts';

const CASES = 300;
/** Long ago enough that nothing is cut. */
const NOW = Date.UTC(2026, 10, 21, 12);

/** The same draws for the same seed (mulberry32). */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Few names, few instants: cases must meet. */
function drawn(random: Random): Change {
  const pick = (n: number): number => Math.floor(random() * n);
  const account = `USER_${pick(2)}`;
  const network = `broker ${pick(2)}`;
  const at = NOW + pick(6);
  const fingerprint = `fingerprint-${pick(2)}`;
  const changes: readonly Change[] = [
    { account, refused: [fingerprint] },
    { account, refused: [fingerprint], trouble: trouble(`code-${pick(2)}`) },
    { account, proven: [fingerprint] },
    { account, worked: { fingerprints: [fingerprint], at } },
    { account, unknownSignIns: [at] },
    { account, seedSpent: fingerprint },
    { account, owner: `owner-${pick(2)}` },
    { account, asked: { at, until: at + pick(3) } },
    { account, session: session(at) },
    { account, session: session(at, { renewalSpent: true }) },
    { account, session: { ...session(at), grant: { ...session(at).grant, expiresAt: at } } },
    { account, endedUpTo: at },
    { account, held: answer(at) },
    { account, releasedUpTo: at },
    { account, forgotten: pick(4) === 0 },
    { network, silence: { scope: 'egress', until: at, code: `code-${pick(2)}` } },
    {
      network,
      failed: { member: `USER:${pick(3)}`, at: NOW + pick(3), as: pick(2) === 0 ? 'refused' : 'unknown' },
    },
    { network, succeededAt: at },
    { network, apiKey: pick(2) === 0 ? 'works' : { ...trouble('key_refused'), at } },
    { generation: at },
  ];
  return changes[pick(changes.length)] ?? { generation: at };
}

function trouble(code: string): Trouble {
  return { code, kind: 'needs-human', message: `Made-up ${code}.`, at: NOW };
}

function picture(random: Random): Picture {
  const memory = makeMemory();
  const steps = Math.floor(random() * 12);
  for (let step = 0; step < steps; step += 1)
    memory.apply(drawn(random), memory.stamp(NOW + Math.floor(random() * 6)));
  return memory.picture(NOW);
}

/** Maps have an order, pictures none. */
const plain = (of: Picture): unknown => ({
  ...of,
  accounts: [...of.accounts].sort(([one], [other]) => one.localeCompare(other)),
  networks: [...of.networks].sort(([one], [other]) => one.localeCompare(other)),
});

describe('merging pictures', () => {
  const cases = Array.from({ length: CASES }, (_, seed) => {
    const random = seeded(seed);
    return [picture(random), picture(random), picture(random)] as const;
  });

  it('changes nothing where both are the same, or one is empty', () => {
    for (const [one] of cases) {
      expect(plain(merge(one, one))).toEqual(plain(one));
      expect(plain(merge(one, emptyPicture))).toEqual(plain(one));
      expect(plain(merge(emptyPicture, one))).toEqual(plain(one));
    }
  });

  it('ends the same whichever comes first', () => {
    for (const [one, other] of cases) expect(plain(merge(one, other))).toEqual(plain(merge(other, one)));
  });

  it('ends the same however three are grouped', () => {
    for (const [one, two, three] of cases)
      expect(plain(merge(merge(one, two), three))).toEqual(plain(merge(one, merge(two, three))));
  });

  it('is undone by no older picture', () => {
    for (const [one, other] of cases) {
      const both = merge(one, other);
      expect(plain(merge(both, one))).toEqual(plain(both));
    }
  });

  it('is the same after a file', () => {
    for (const [one] of cases) {
      const read = pictureOf(textOf(one));
      expect(read && plain(read)).toEqual(plain(one));
    }
  });
});

/** What two processes know that each saw some changes. */
function known(...told: readonly (readonly [stamp: number, ...changes: Change[]][])[]): Picture {
  return told
    .map((words) => {
      const memory = makeMemory();
      for (const [stamp, ...changes] of words) for (const change of changes) memory.apply(change, stamp);
      return memory.picture(NOW);
    })
    .reduce(merge);
}
const recalled = (of: Picture): ReturnType<typeof recallAccount> =>
  recallAccount(of.accounts.get('USER'), NOW);

describe('what two processes know together', () => {
  const account = 'USER';

  it('is every refusal of both', () => {
    const both = known([[1, { account, refused: ['a'] }]], [[2, { account, refused: ['b'] }]]);
    expect(recalled(both)?.refused).toEqual(['a', 'b']);
  });

  it('is the refusal, where both were told at one instant', () => {
    const refused: Change = { account, refused: ['a'] };
    const worked: Change = { account, worked: { fingerprints: ['a'], at: 1 } };
    const [first, before]: [[number, Change], [number, Change]] = [
      [2, refused],
      [1, refused],
    ];
    const told: [number, Change][] = [before, [2, worked]];
    expect(recalled(known([first], told))?.refused).toEqual(['a']);
    expect(recalled(known(told, [first]))?.refused).toEqual(['a']);
    expect(recalled(known([first], [before, [3, worked]]))?.refused).toEqual([]);
  });

  it('is what worked, and no longer what was refused since', () => {
    const worked: Change = { account, worked: { fingerprints: ['a', 'b'], at: 1 } };
    const both = known([[1, worked]], [[2, { account, refused: ['b'] }]]);
    expect(recalled(both)).toMatchObject({ proven: ['a'], refused: ['b'] });
  });

  it('is the refusal, where it is only remembered that the same credentials worked some time', () => {
    const told: [number, Change] = [1, { account, refused: ['a'] }];
    const later = known([told, [2, { account, proven: ['a', 'b'] }]]);
    expect(recalled(later)).toMatchObject({ proven: ['b'], refused: ['a'] });
  });

  it('is what the broker said to refused credentials, until they work', () => {
    const told: [number, Change] = [1, { account, refused: ['a'], trouble: trouble('wrong') }];
    expect(recalled(known([told]))?.troubles).toEqual([{ fingerprint: 'a', trouble: trouble('wrong') }]);
    const worked: Change = { account, worked: { fingerprints: ['a'], at: 1 } };
    expect(recalled(known([told, [2, worked]]))?.troubles).toEqual([]);
  });

  it('is the newest session, and of one session what makes it worse', () => {
    const [old, young] = [session(NOW - 5), session(NOW)];
    const ended = { ...young, grant: { ...young.grant, expiresAt: NOW + 7 } };
    const spent = { ...young, renewalSpent: true };
    expect(
      recalled(known([[1, { account, session: young }]], [[2, { account, session: old }]]))?.session,
    ).toEqual(young);
    expect(
      recalled(known([[1, { account, session: ended }]], [[2, { account, session: spent }]]))?.session,
    ).toEqual({ ...ended, renewalSpent: true });
  });

  it('is the longest silence and every failed sign-in once', () => {
    const network = 'broker egress';
    const failed = (member: string, as: 'refused' | 'unknown', at = NOW): Change => ({
      network,
      failed: { member, at, as },
    });
    const silence = (until: number): Change => ({
      network,
      silence: { scope: 'egress', until, code: 'quota' },
    });
    const both = known(
      [[1, silence(NOW + 9), failed('A:1', 'unknown'), failed('B:1', 'refused', NOW - 1)]],
      [[2, silence(NOW + 3), failed('A:1', 'refused')]],
    );
    expect(recallNetwork(both.networks.get(network), NOW)).toEqual({
      silence: { scope: 'egress', until: NOW + 9, code: 'quota' },
      failedSignIns: [
        { member: 'B:1', at: NOW - 1, as: 'refused' },
        { member: 'A:1', at: NOW, as: 'refused' },
      ],
    });
  });

  it('is nothing of an account that one of them forgot', () => {
    const told: [number, Change] = [
      1,
      {
        account,
        refused: ['a'],
        owner: 'o',
        session: session(NOW),
        held: answer(NOW),
        unknownSignIns: [NOW],
      },
    ];
    expect(recalled(known([told], [told, [2, { account, forgotten: true }]]))).toBeUndefined();
  });
});

describe('a picture', () => {
  it('keeps that an API key is refused for a week and a day from when it was, whenever that was learned', () => {
    const memory = makeMemory();
    const refused = { ...trouble('key_refused'), at: NOW };
    memory.apply({ network: 'n', apiKey: refused }, NOW + 5 * DAY_MS);
    const known = (at: number): unknown =>
      recallNetwork(memory.picture(at).networks.get('n'), at)?.apiKey?.value;
    expect(known(NOW + 8 * DAY_MS - 1)).toEqual(refused);
    expect(known(NOW + 8 * DAY_MS)).toBeUndefined();
    memory.apply({ network: 'n', apiKey: 'works' }, NOW + 6 * DAY_MS);
    expect(known(NOW + 8 * DAY_MS)).toBe('works');
  });

  it('is cut to the last day, but for verdicts, seeds and owners', () => {
    const memory = makeMemory();
    memory.apply(
      {
        account: 'USER',
        refused: ['a'],
        proven: ['b'],
        seedSpent: 's',
        owner: 'o',
        unknownSignIns: [NOW - 1, NOW + DAY_MS],
        asked: { at: NOW, until: NOW + 1 },
        session: session(NOW),
        held: answer(NOW),
      },
      1,
    );
    memory.apply({ network: 'n', failed: { member: 'A', at: NOW, as: 'refused' } }, 2);
    const later = cut(memory.picture(NOW), NOW + 2 * DAY_MS - 1);
    expect(later.networks.size).toBe(0);
    expect(recallAccount(later.accounts.get('USER'), NOW)).toEqual({
      refused: ['a'],
      troubles: [],
      proven: ['b'],
      unknownSignIns: [NOW + DAY_MS],
      seedsSpent: ['s'],
      owner: 'o',
      asked: undefined,
      session: undefined,
      held: undefined,
    });
  });

  it('keeps a session as long as a token that came with it', () => {
    const memory = makeMemory();
    const { grant, ...rest } = session(NOW);
    const companions = [{ suffix: 'extended', token: 'made-up', expiresAt: NOW + 300 * DAY_MS }];
    memory.apply({ account: 'USER', session: { ...rest, grant: { ...grant, companions } } }, 1);
    expect(memory.picture(NOW + 299 * DAY_MS).accounts.size).toBe(1);
  });

  it('stays small in a long outage', () => {
    const memory = makeMemory();
    for (let n = 0; n < 2_000; n += 1) {
      memory.apply({ account: 'USER', unknownSignIns: [NOW + n], refused: [`f${n}`] }, n);
      memory.apply({ network: 'n', failed: { member: `A:${n}`, at: NOW + n, as: 'unknown' } }, n);
    }
    expect(textOf(memory.picture(NOW)).length).toBeLessThan(20_000);
    expect(memory.account('USER')?.unknownSignIns.at(-1)).toBe(NOW + 1_999);
  });

  it('is told from what is none', () => {
    expect(pictureOf('{')).toBeUndefined();
    expect(pictureOf('{"accounts":[]}')).toBeUndefined();
    expect(pictureOf(textOf(emptyPicture))).toEqual(emptyPicture);
  });
});
