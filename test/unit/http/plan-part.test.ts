import { expect, it } from 'vitest';
import { busyDesk, busyPlan } from '../../support/desks.ts';
import { fakeDesk, NOW, serve } from './support.ts';

const accounts = busyDesk(NOW, 8);

it('shows each limit as a bar: used, left, and when there is room again', async () => {
  const { app, cookie } = await serve(fakeDesk(accounts, { plan: async () => busyPlan(NOW) }));
  const { body } = await app.inject({ url: '/dashboard', headers: cookie() });
  const limit = (id: string): string =>
    new RegExp(`<li id="limit-${id}".*?</li>`, 's')
      .exec(body)?.[0]
      .replaceAll(/<[^>]*>|\s+/g, ' ')
      .replaceAll(/ +/g, ' ') ?? '';
  expect(limit('alpha-sign-ins')).toContain('4 of 20 used, 16 left. One more in 12 min 0 s');
  expect(limit('beta-requests')).toContain('spent');
  expect(limit('beta-requests')).toContain('30 of 30 used, 0 left. Room again in 41 s');
  expect(limit('alpha-sign-in-failures')).toMatch(
    /3 refused \(ALPHA_ONE, .* those that are known to be good go on/,
  );
  expect(body).toContain('aria-label="Beta: 1392 refreshes in 24 h, at most 15 in 15 min"');
  expect(body).toMatch(/BETA_SHORT at Beta: renewal\s+<time/);
});

it('says what is unsure, though it fits', async () => {
  const plan = busyPlan(NOW);
  const budgets = plan.budgets.map((each) => ({ ...each, doubt: { needs: 9, seen: 8 } })).slice(0, 1);
  const { app, cookie } = await serve(fakeDesk(accounts, { plan: async () => ({ ...plan, budgets }) }));
  const { body } = await app.inject({ url: '/dashboard', headers: cookie() });
  expect(body).toContain('<span class="chip waiting">unsure</span>');
  expect(body).toContain('3 accounts need 9 calls an hour');
});

it('goes without a plan where none can be made, and makes one for many looks', async () => {
  let made = 0;
  const plan = async () => {
    made += 1;
    throw new Error('Redis is away');
  };
  const { app, cookie, clock } = await serve(fakeDesk(accounts, { plan }));
  const ask = () => app.inject({ url: '/dashboard', headers: cookie() });
  for (let i = 0; i < 3; i += 1) expect((await ask()).body).toContain('<section id="limits"></section>');
  expect(made).toBe(1);
  clock.move(31_000);
  await ask();
  expect(made).toBe(2);
});
