import { describe, expect, it } from 'vitest';
import { QUARTERS, type LastDay } from '../../../src/core/last-day.ts';
import { busyDay, busyDays } from '../../support/desks.ts';
import { account, fakeDesk, NOW, serve, without } from './support.ts';

it('stands in the details, with what was decided, what is next and what a person can do', async () => {
  const explain = async (name: string) => busyDay(NOW, name);
  const { app, cookie } = await serve(fakeDesk([account('DESK')], { explain }));
  const { body } = await app.inject({ url: '/dashboard?account=DESK', headers: cookie() });
  const text = body.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  expect(body).toMatch(
    /aria-label="The last day: stopped or without a token [\w ]+, waiting or failing [\w ]+, well [\w ]+"/,
  );
  for (const words of [
    'Failed : Alpha did not answer within 15 s. 1 min 0 s ago , 4 times since',
    'A new token : renewal 1 h 15 min ago',
    'The next try is planned for then.',
    'token-refresher refresh DESK',
    'refresh on the page from 127.0.0.1',
    'Day (UTC) Refreshes Logins Reports 2026-11-20 14 2 0 2026-11-19 22 1 0 2026-11-18 21 1 1',
    '31 days 189 12 1 Earlier days',
  ]) {
    expect(text).toContain(words);
  }
});

it('is left out where it cannot be read', async () => {
  const explain = () => Promise.reject(new Error('Redis is away'));
  const { app, cookie } = await serve(fakeDesk([account('DESK')], { explain }));
  const { statusCode, body } = await app.inject({ url: '/dashboard?account=DESK', headers: cookie() });
  expect(statusCode).toBe(200);
  expect(body).toContain('token:DESK');
  expect(body).not.toContain('The last day');
});

describe('a line of the list', () => {
  const lineOf = async (desk: Parameters<typeof serve>[0], name: string): Promise<string> => {
    const { app, cookie } = await serve(desk);
    const { body, statusCode } = await app.inject({ url: '/dashboard', headers: cookie() });
    expect(statusCode).toBe(200);
    return new RegExp(`<tr id="row-alpha-${name}".*?</tr>`, 's').exec(body)?.[0] ?? '';
  };
  const textOf = (line: string): string => line.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

  it('says when the token was refreshed last, and when it will be', async () => {
    const desk = fakeDesk([account('DESK'), without('NEW', 'due', { last_refresh: null })]);
    expect(textOf(await lineOf(desk, 'DESK'))).toContain(
      'refreshed 30 min 0 s ago next refresh in 42 min 0 s',
    );
    expect(textOf(await lineOf(desk, 'NEW'))).not.toContain('refreshed');
  });

  it('has its last day as a strip, the worse the taller, equal bars as one', async () => {
    const desk = fakeDesk([account('ALPHA_LATE')], { lastDays: async (names) => busyDays(names) });
    const line = await lineOf(desk, 'ALPHA_LATE');
    expect(line).toContain(
      'aria-label="The last day: stopped or without a token 1 h 0 min, waiting or failing 1 h 30 min, well 18 h 30 min"',
    );
    expect(line.match(/<path .*?>/g)).toEqual([
      '<path class="good" d="M12 4h37v6h-37zM58 4h37v6h-37z" />',
      '<path class="waiting" d="M49 2h5v8h-5zM95 2h1v8h-1z" />',
      '<path class="bad" d="M54 0h4v10h-4z" />',
    ]);
  });

  it('goes without where nothing is known of its day, or where that cannot be read', async () => {
    const nothing: LastDay = Array.from({ length: QUARTERS }, () => null);
    const unknown = fakeDesk([account('DESK')], { lastDays: async () => new Map([['DESK', nothing]]) });
    const away = fakeDesk([account('DESK')], { lastDays: () => Promise.reject(new Error('Redis is away')) });
    for (const desk of [unknown, away]) expect(await lineOf(desk, 'DESK')).not.toContain('<svg');
  });

  it('stays small for the most restless of days, and only the lines shown are read', async () => {
    const asked: string[] = [];
    const marks = ['good', 'waiting', 'bad', 'idle'] as const;
    const restless: LastDay = Array.from({ length: QUARTERS }, (_, i) => marks[i % marks.length] ?? null);
    const accounts = Array.from({ length: 500 }, (_, i) => account(`DESK_${i}`));
    const desk = fakeDesk(accounts, {
      async lastDays(names) {
        asked.push(...names);
        return new Map(names.map((name) => [name, restless]));
      },
    });
    const { app, cookie } = await serve(desk);
    const { body } = await app.inject({ url: '/dashboard?broker=alpha', headers: cookie() });
    expect(asked).toHaveLength(100);
    expect(body.match(/<path /g)).toHaveLength(4 * 100);
    expect(body.length / 100).toBeLessThan(4_500);
  });
});
