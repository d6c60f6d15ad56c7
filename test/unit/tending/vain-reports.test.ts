import { describe, expect, it } from 'vitest';
import { makeVainReports } from '../../../src/tending/vain-reports.ts';

const account = { name: 'DESK', broker: 'some-broker' };
const MINUTE = 60_000;

function bench() {
  const said: unknown[] = [];
  const time = { now: 1_790_000_000_000 };
  const silent = (): void => undefined;
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (fields: object) => void said.push(fields),
  };
  const clock = { now: () => time.now, sleep: () => Promise.resolve() };
  return { said, time, ...makeVainReports(log, clock) };
}

describe('a bot that reports token after token that is good', () => {
  it('is said after the fifth in a row, and not again for an hour', () => {
    const { said, time, tell } = bench();
    for (let i = 0; i < 4; i++) tell(account, true);
    expect(said).toEqual([]);
    for (let i = 0; i < 40; i++) {
      tell(account, true);
      time.now += MINUTE;
    }
    expect(said).toEqual([{ event: 'reports.in_vain', account: 'DESK', broker: 'some-broker', times: 5 }]);
    for (let i = 0; i < 30; i++) {
      tell(account, true);
      time.now += MINUTE;
    }
    expect(said).toHaveLength(2);
  });

  it('is none once a token was dead indeed, or where an hour lies between', () => {
    const { said, time, tell } = bench();
    for (let i = 0; i < 20; i++) tell(account, i % 4 !== 3);
    for (let i = 0; i < 20; i++) {
      time.now += 61 * MINUTE;
      tell(account, true);
    }
    expect(said).toEqual([]);
  });

  it('stands on the page as long as it goes on', () => {
    const { time, tell, remarks } = bench();
    for (let i = 0; i < 4; i++) tell(account, true);
    expect(remarks()).toEqual([]);
    for (let i = 0; i < 3; i++) tell(account, true);
    expect(remarks()).toEqual([expect.stringContaining('the token of DESK 7 times in a row')]);
    time.now += 61 * MINUTE;
    expect(remarks()).toEqual([]);
    for (let i = 0; i < 5; i++) tell(account, true);
    tell(account, false);
    expect(remarks()).toEqual([]);
  });
});
