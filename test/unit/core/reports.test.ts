import { describe, expect, it } from 'vitest';
import { gatherReports, isReportOpen, reportOf } from '../../../src/core/reports.ts';
import type { Session } from '../../../src/core/session.ts';

const session: Session = {
  generation: 7,
  grant: {
    token: 'made-up',
    headers: {},
    issuedAt: 0,
    expiresAt: 1_000,
    tokenType: 'Bearer',
    baseUrl: 'http://127.0.0.1',
  },
  source: 'sign-in',
  identity: 'login',
  renewAt: 500,
  renewalSpent: false,
};

describe('a batch of reports', () => {
  it('is one line for each name and generation, whatever else stands beside them', () => {
    const { names, junk } = gatherReports([
      ['name', 'DESK', 'generation', '7', 'status', '401'],
      ['generation', '7', 'name', 'DESK'],
      ['name', 'DESK', 'generation', '8'],
      ['name', 'ig.user@desk', 'generation', '0'],
    ]);
    expect(junk).toBe(0);
    expect([...names].map(([name, by]) => [name, [...by]])).toEqual([
      [
        'DESK',
        [
          [7, 2],
          [8, 1],
        ],
      ],
      ['ig.user@desk', [[0, 1]]],
    ]);
  });

  it.each([
    ['nothing', []],
    ['a name alone', ['name', 'DESK']],
    ['a generation alone', ['generation', '7']],
    ['a value that looks like a field', ['status', 'name', 'DESK', 'generation']],
    ['a name of two lines', ['name', 'DESK\nX', 'generation', '7']],
    ['a name that is too long', ['name', 'A'.repeat(65), 'generation', '7']],
    ['a generation of words', ['name', 'DESK', 'generation', 'seven']],
    ['a generation below none', ['name', 'DESK', 'generation', '-1']],
    ['a generation that no number holds', ['name', 'DESK', 'generation', '9'.repeat(20)]],
    ['an odd end', ['name', 'DESK', 'generation']],
  ])('counts %s as junk', (_, fields) => {
    const { names, junk } = gatherReports([fields]);
    expect([names.size, junk]).toEqual([0, 1]);
  });
});

describe('a report in the record', () => {
  it('speaks of the token that is out, or of none', () => {
    const reported = { generation: 7, at: 100 };
    expect(reportOf({ reported }, session)).toBe(reported);
    expect(reportOf({ reported }, { ...session, generation: 8 })).toBeUndefined();
    expect(reportOf({ reported }, undefined)).toBeUndefined();
    expect(reportOf({ reported: undefined }, session)).toBeUndefined();
  });

  it('is open until a proof has answered it', () => {
    const reported = { generation: 7, at: 100 };
    expect(isReportOpen({ reported, session, provenAt: 99 })).toBe(true);
    expect(isReportOpen({ reported, session, provenAt: 100 })).toBe(false);
    expect(isReportOpen({ reported: { generation: 6, at: 100 }, session, provenAt: 0 })).toBe(false);
  });
});
