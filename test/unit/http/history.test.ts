import { expect, it } from 'vitest';
import { busyDay } from '../../support/desks.ts';
import { account, fakeDesk, NOW, serve } from './support.ts';

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
