import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { openOwnEngine } from '../../src/app/own-engine.ts';
import { makeReleases } from '../../src/app/releases.ts';
import { readConfig } from '../../src/config/index.ts';
import { freshFolder } from '../support/folder.ts';
import { startRedis } from '../support/redis.ts';

const DAY_MS = 24 * 3_600_000;
/** More days than a weekend has: on one of them people would be asked. */
const DAYS = 10;

const asking = {
  broker: 'upstox',
  name: 'UP',
  clientId: 'made-up-app',
  clientSecret: 'made-up-app-secret',
  redirectUri: 'https://app.example/callback',
  userId: 'AB0001',
  approval: 'request',
};
/** People who are there at all hours of a zone, on no holiday of it. */
const hours = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  from: '00:00',
  to: '23:59',
  zone: 'America/New_York',
};

/** When a command's own engine would next ask the account's person, and how many calls it made to find out. */
async function nextAsk(
  listedFor: string | undefined,
  entry: object,
): Promise<{ inDays: number; sent: number }> {
  const folder = await freshFolder();
  const now = Date.now();
  const dates = Array.from({ length: DAYS + 2 }, (_, i) =>
    new Date(now + (i - 1) * DAY_MS).toISOString().slice(0, 10),
  );
  const text = listedFor === undefined ? '' : dates.map((date) => `${date} ${listedFor}\n`).join('');
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'holidays.txt'), text);
  await writeFile(join(folder, 'credentials.json'), JSON.stringify([entry]));
  const server = await startRedis();
  const log = pino({ enabled: false });
  const releases = makeReleases(log);
  try {
    const config = readConfig({
      env: {
        REDIS_URL: server.url,
        STATE_DIR: join(folder, 'data'),
        ENV_FILE: '',
        SIMULATE: '1',
        HOLIDAYS_FILE: 'holidays.txt',
        // Whatever the hour is: people may be asked at it.
        UPSTOX_APPROVAL_TIME: '03:30',
      },
      folder,
      readText: (path) => readFileSync(path, 'utf8'),
    });
    const engine = await openOwnEngine(
      {
        config,
        name: 'UP',
        log,
        transcript: { wrap: (http) => http, watch: (connection) => connection },
        signal: new AbortController().signal,
      },
      releases,
    );
    const tended = await engine.keeper.tend('UP');
    const nextAt = tended.outcome === 'rested' ? (tended.decision.nextAt ?? now) : now;
    return { inDays: (nextAt - now) / DAY_MS, sent: engine.sent() };
  } finally {
    await releases.run();
    await server.stop();
  }
}

describe("a command's own engine", () => {
  test.each([
    ['the calendar of the broker', 'Asia/Kolkata', asking],
    ['the hours of the account', 'America/New_York', { ...asking, hours }],
  ])('takes the days of HOLIDAYS_FILE for holidays in %s: it asks nobody on them', async (_, zone, entry) => {
    const { inDays, sent } = await nextAsk(zone, entry);
    expect(inDays).toBeGreaterThan(DAYS - 1);
    expect(sent).toBe(0);
  });

  test.each([
    ['nothing', undefined],
    ['days of another zone', 'Europe/London'],
  ])('asks on the next weekday where the file lists %s', async (_, zone) => {
    for (const entry of [asking, { ...asking, hours }])
      expect((await nextAsk(zone, entry)).inDays).toBeLessThan(4);
  });
});
