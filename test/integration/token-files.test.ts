import { readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { requestRefresh } from '../../src/app/wishes.ts';
import { makeInterventions } from '../../src/app/interventions.ts';
import { systemClock } from '../../src/core/clock.ts';
import { makeRoster } from '../../src/redis/roster.ts';
import { until } from '../support/poll.ts';
import { withBench, type ServiceBench } from '../support/service.ts';

const desk = { username: 'DESK', password: 'made-up-pass', tokenFile: 'desk-token.json' };
const pair = {
  broker: 'ig',
  username: 'PAIR',
  password: 'made-up-pass',
  apiKey: 'made-up-key',
  tokenFile: 'pair-token.json',
};

const held = async ({ folder }: ServiceBench, file: string): Promise<Record<string, unknown> | undefined> => {
  const text = await readFile(join(folder, file), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
};
/** Waits until the file holds what bots read. */
const follows = (bench: ServiceBench, name: string, file: string): Promise<unknown> =>
  until(
    async () => {
      const token = await bench.redis.get(`token:${name}`);
      return token !== null && (await held(bench, file))?.['token'] === token;
    },
    { what: `${file} to hold the token of ${name}`, timeoutMs: 10_000 },
  );

describe.concurrent('a token file', () => {
  it(
    'holds the present token for its owner alone, follows each refresh, and goes with a logout',
    ({ expect }) =>
      withBench({ entries: [pair] }, async (bench) => {
        await follows(bench, 'PAIR', 'pair-token.json');
        const first = await held(bench, 'pair-token.json');
        expect(first).toMatchObject({
          name: 'PAIR',
          broker: 'ig',
          expiresAt: await bench.redis.hget('meta:PAIR', 'expiresAt'),
        });
        expect((await stat(join(bench.folder, 'pair-token.json'))).mode & 0o777).toBe(0o600);
        await requestRefresh(bench.redis, 'PAIR', 'ig', false, Date.now());
        await until(async () => (await bench.redis.get('token:PAIR')) !== first?.['token'], {
          what: 'the next token',
          timeoutMs: 60_000,
        });
        await follows(bench, 'PAIR', 'pair-token.json');
        const { redis } = bench;
        const parts = { redis, roster: makeRoster(redis), clock: systemClock };
        await makeInterventions(parts).intervene('logout', 'PAIR', undefined);
        await until(async () => (await held(bench, 'pair-token.json')) === undefined, {
          what: 'the file to go',
          timeoutMs: 5_000,
        });
        // No draft is left behind.
        expect((await readdir(bench.folder)).sort()).toEqual(['credentials.json', 'data']);
      }),
    90_000,
  );

  it(
    'that somebody removed comes back; one that holds something else is left alone and said',
    ({ expect }) =>
      withBench({ entries: [desk, { ...pair, tokenFile: 'credentials.json' }] }, async (bench) => {
        const credentials = await readFile(join(bench.folder, 'credentials.json'), 'utf8');
        await follows(bench, 'DESK', 'desk-token.json');
        await bench.keys(['token:PAIR']);
        await until(() => bench.logged('token_file.trouble').length > 0, { what: 'the trouble to be said' });
        expect(bench.logged('token_file.trouble')).toEqual([expect.objectContaining({ account: 'PAIR' })]);
        expect(await readFile(join(bench.folder, 'credentials.json'), 'utf8')).toBe(credentials);
        await unlink(join(bench.folder, 'desk-token.json'));
        await bench.restart();
        await follows(bench, 'DESK', 'desk-token.json');
        await writeFile(join(bench.folder, 'desk-token.json'), '{}');
        await bench.restart();
        expect(await readFile(join(bench.folder, 'desk-token.json'), 'utf8')).toBe('{}');
      }),
    60_000,
  );
});
