import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { approving, mondayAt, withApproval, type ApprovalBench } from '../support/approval.ts';
import { freshFolder } from '../support/folder.ts';
import { until } from '../support/poll.ts';

const HOUR_MS = 3_600_000;
const IST_OFFSET_MS = 5.5 * HOUR_MS;

/** Ten in the morning of a Monday in India, two hours after people are asked. */
const now = mondayAt(10);
const today = new Date(now + IST_OFFSET_MS).toISOString().slice(0, 10);
const tomorrowAtEight = now + 22 * HOUR_MS;

/** A login without a person, whose people are there all week; its password is wrong. */
const desk = {
  broker: 'tradovate',
  username: 'DESK',
  password: 'made-up-wrong-password',
  hours: {
    days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
    from: '00:00',
    to: '23:59',
    zone: 'Asia/Kolkata',
  },
};

/** Runs `work` with a service whose HOLIDAYS_FILE holds this. */
async function withHolidays(text: string, work: (bench: ApprovalBench) => Promise<void>): Promise<void> {
  const file = join(await freshFolder(), 'holidays.txt');
  await writeFile(file, text);
  await withApproval(
    {
      entries: [approving, desk],
      at: now,
      env: { HOLIDAYS_FILE: file },
      before: ({ brokers }) => brokers.setPassword('tradovate', desk.username, 'made-up-right-password'),
    },
    work,
  );
}

/** The incidents that stand in the book, as `<broker> <level>`. */
async function incidents(bench: ApprovalBench): Promise<readonly string[]> {
  const text = await bench.redis.hget('refresher:alerts:book', 'text');
  const book = JSON.parse(text ?? '{"incidents":[]}') as {
    readonly incidents: readonly { readonly broker: string; readonly level: string }[];
  };
  return book.incidents.map(({ broker, level }) => `${broker} ${level}`).toSorted();
}

const dueAt = async (bench: ApprovalBench): Promise<number> =>
  Number(await bench.redis.zscore('refresher:due:upstox', 'UP'));

describe.concurrent('a day that HOLIDAYS_FILE lists', () => {
  it('asks nobody, puts the person off to the next working day, and presses nobody for what fails', ({
    expect,
  }) =>
    withHolidays(`${today} Asia/Kolkata # a feast\n`, async (bench) => {
      await until(async () => (await dueAt(bench)) >= tomorrowAtEight, { what: 'the account to be put off' });
      expect(await dueAt(bench)).toBeLessThan(tomorrowAtEight + 60_000);
      expect(await bench.state('UP', 'awaiting_approval')).toMatchObject({ reason: 'asked_later' });
      await until(async () => (await incidents(bench)).length > 0, {
        what: 'the word of the wrong password',
      });
      expect(await incidents(bench)).toEqual(['tradovate warning']);
      expect(bench.calls('request')).toEqual([]);
    }));

  it.for([
    ['nothing', ''],
    ['another day alone', '2020-01-01\n'],
    ['that day of another zone', `${today} America/New_York\n`],
  ])('is a working day where the file holds %s', ([, text = ''], { expect }) =>
    withHolidays(text, async (bench) => {
      await bench.simulator.waitForCalls({ operation: 'request', status: 200 }, 1, 10_000);
      expect(await bench.state('UP', 'awaiting_approval')).toMatchObject({ reason: 'asked' });
      await until(async () => (await incidents(bench)).length === 2, { what: 'both incidents' });
      expect(await incidents(bench)).toEqual(['tradovate critical', 'upstox critical']);
    }),
  );
});
