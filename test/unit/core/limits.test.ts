import { describe, expect, test } from 'vitest';
import type { Limit } from '../../../src/core/limit.ts';
import { budgetsOf, budgetsOfKeys, limitsWith } from '../../../src/core/limits.ts';

const doubted: Limit = {
  name: 'by-the-minute',
  calls: ['sign-in'],
  max: 10,
  reserve: 0,
  windowMs: 60_000,
  per: 'egress',
  counts: 'every-call',
  variable: 'BY_THE_MINUTE',
  offByDefault: true,
};
const read = (limit: Limit, text?: string): unknown =>
  limitsWith([limit], (variable) => (variable === limit.variable ? text : undefined));

describe('a limit that its documents contradict', () => {
  test('is counted only where the setting gives it a number', () => {
    expect(read(doubted)).toEqual([]);
    expect(read(doubted, '0')).toEqual([]);
    expect(read(doubted, '10')).toMatchObject([{ max: 10, reserve: 0 }]);
  });

  test('and any other can be changed, and not turned off', () => {
    const stated: Limit = { ...doubted, offByDefault: false, reserve: 2 };
    expect(read(stated)).toEqual([stated]);
    expect(read(stated, '20')).toMatchObject([{ max: 20, reserve: 4 }]);
    expect(read(stated, '0')).toHaveProperty('faults');
    expect(read(doubted, 'ten')).toHaveProperty('faults');
  });
});

describe('a limit of one environment', () => {
  const live: Limit = {
    ...doubted,
    name: 'live-calls',
    per: 'key',
    environment: 'live',
    offByDefault: false,
  };
  const demo: Limit = { ...live, name: 'demo-calls', environment: 'demo' };
  const both: Limit = { ...doubted, name: 'calls', per: 'key', offByDefault: false };
  const limits = [live, demo, both];

  test('is spent by the accounts there, and by no other', () => {
    const spent = (environment: string): readonly string[] =>
      budgetsOf(limits, 'sign-in', { name: 'A', environment }, { egress: 'desk', key: 'k' }).map(
        ({ limit }) => limit,
      );
    expect(spent('live')).toEqual(['live-calls', 'calls']);
    expect(spent('demo')).toEqual(['demo-calls', 'calls']);
  });

  test('is shown of the keys there, and of no other', () => {
    const keys = [
      { key: 'k1', environment: 'live' },
      { key: 'k2', environment: 'demo' },
    ];
    expect(budgetsOfKeys(limits, keys).map(({ limit, subject }) => [limit, subject])).toEqual([
      ['live-calls', 'k1'],
      ['demo-calls', 'k2'],
      ['calls', 'k1'],
      ['calls', 'k2'],
    ]);
  });
});

describe('a limit that another setting speaks for', () => {
  const own: Limit = { ...doubted, name: 'own', max: 60, reserve: 12, variable: 'OWN', offByDefault: false };
  const seen: Limit = { ...own, name: 'seen', variable: 'SEEN', otherwise: 'OWN', seen: 8 };
  const given = (settings: Readonly<Record<string, string>>): unknown => {
    const limits = limitsWith([own, seen], (variable) => settings[variable]);
    return 'faults' in limits ? limits.faults.map(({ at }) => at) : limits[1];
  };

  test('has the number of its own setting, else that one, else the broker’s', () => {
    expect(given({})).toEqual(seen);
    expect(given({ OWN: '30' })).toMatchObject({ max: 30, reserve: 6 });
    expect(given({ SEEN: '10', OWN: '30' })).toMatchObject({ max: 10, reserve: 2 });
  });

  test('is doubted until its own setting speaks, where less was seen', () => {
    expect(given({ OWN: '30' })).toHaveProperty('seen', 8);
    expect(given({ OWN: '8' })).not.toHaveProperty('seen');
    expect(given({ SEEN: '30' })).not.toHaveProperty('seen');
  });

  test('is no second fault of a number that is none', () => {
    expect(given({ OWN: 'ten' })).toEqual(['OWN']);
    expect(given({ SEEN: 'ten', OWN: '30' })).toEqual(['SEEN']);
  });
});
