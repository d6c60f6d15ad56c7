import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../support/clock.ts';
import { until } from '../../support/poll.ts';
import { tally } from '../../support/tally.ts';

describe('the count of a test run', () => {
  const file = (name: string, status: string, ...tests: string[]) => ({
    name,
    status,
    message: '',
    assertionResults: tests.map((test, index) => ({ fullName: `${name} ${index}`, status: test })),
  });
  const report = (...testResults: readonly object[]): string => JSON.stringify({ testResults });

  it('counts tests', () => {
    const run = {
      report: report(file('a', 'failed', 'passed', 'failed'), file('b', 'passed', 'passed')),
      exitCode: 1,
    };
    expect(tally({ ...run, expected: ['a', 'b'] })).toEqual({ passed: 2, failed: 1, notes: [] });
  });

  it('is red for a file that fails as a whole, did not run, or an error outside the tests', () => {
    expect(tally({ report: report(file('a', 'failed')), exitCode: 1, expected: [] }).failed).toBe(1);
    expect(
      tally({ report: report(file('a', 'passed', 'passed')), exitCode: 0, expected: ['a', 'b'] }).failed,
    ).toBe(1);
    expect(tally({ report: report(file('a', 'passed', 'passed')), exitCode: 1, expected: [] }).failed).toBe(
      1,
    );
    expect(tally({ report: undefined, exitCode: 1, expected: [] }).failed).toBe(1);
  });

  it('names what passed only when it was tried again, and why it failed at first', () => {
    const again = { fullName: 'a 0', status: 'passed', failureMessages: ['expected 2 to be 1'] };
    const run = {
      report: report({ ...file('a', 'passed'), assertionResults: [again] }),
      exitCode: 0,
      expected: [],
    };
    const notes = ['passed only when tried again: a 0\n  expected 2 to be 1'];
    expect(tally(run)).toEqual({ passed: 1, failed: 0, notes });
  });

  it('names what was skipped', () => {
    const run = { report: report(file('a', 'passed', 'passed', 'skipped')), exitCode: 0, expected: [] };
    expect(tally(run)).toEqual({ passed: 1, failed: 0, notes: ['skipped: a 1'] });
  });
});

describe('the fake clock', () => {
  it('wakes sleepers in order, at their instant, also those that go to sleep again', async () => {
    const clock = fakeClock(0);
    const log: string[] = [];
    const loop = async (name: string, everyMs: number): Promise<void> => {
      for (let turn = 0; turn < 3; turn += 1) {
        await clock.sleep(everyMs);
        log.push(`${name}@${clock.now()}`);
      }
    };
    void loop('a', 1_000);
    void loop('b', 1_500);
    await clock.asleep(2);
    await clock.advance(3_600_000);
    expect(log).toEqual(['a@1000', 'b@1500', 'a@2000', 'b@3000', 'a@3000', 'b@4500']);
    expect(clock.now()).toBe(3_600_000);
  });

  it('wakes whoever is called off', async () => {
    const clock = fakeClock();
    const call = new AbortController();
    const asleep = clock.sleep(1_000, call.signal);
    call.abort();
    await asleep;
    expect(clock.sleepers()).toBe(0);
    expect(await clock.next()).toBeUndefined();
  });
});

describe('until', () => {
  it('gives the first answer that is true, and says what it waited for', async () => {
    let turn = 0;
    expect(
      await until(() => (++turn > 2 ? turn : undefined), { what: 'the third turn', intervalMs: 1 }),
    ).toBe(3);
    const never = until(() => Promise.reject(new Error('not there')), {
      what: 'a thing',
      timeoutMs: 5,
      intervalMs: 1,
    });
    await expect(never).rejects.toThrow('waited 5 ms for a thing; last seen: Error: not there');
  });
});
