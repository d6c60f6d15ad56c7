import { describe, expect, it } from 'vitest';
import type { FailedSignIn, LedgerHold } from '../../../src/core/ledger.ts';
import type { Plan, Verdict } from '../../../src/core/plan.ts';
import { busyDesk, busyPlan } from '../../support/desks.ts';
import { fakeDesk, NOW, serve } from './support.ts';

const accounts = busyDesk(NOW, 8);
/** What the page says of one limit. */
const limitIn = (body: string, id: string): string =>
  new RegExp(`<li id="limit-${id}".*?</li>`, 's')
    .exec(body)?.[0]
    .replaceAll(/<[^>]*>|\s+/g, ' ')
    .replaceAll(/ +/g, ' ') ?? '';

it('shows each limit as a bar: used, left, and when there is room again', async () => {
  const { app, cookie } = await serve(fakeDesk(accounts, { plan: async () => busyPlan(NOW) }));
  const { body } = await app.inject({ url: '/dashboard', headers: cookie() });
  const limit = (id: string): string => limitIn(body, id);
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

describe('a ledger of failed sign-ins', () => {
  const after = { until: NOW + 600_000, latest: NOW + 600_000 };
  /** `ALPHA_ONE` was refused, the others were not answered. */
  const planOf = (refused: number, unanswered: number, verdict: Verdict, why: LedgerHold['why']): Plan => {
    const as = [
      ...Array.from({ length: refused }, () => 'refused' as const),
      ...Array.from({ length: unanswered }, () => 'unknown' as const),
    ];
    const failed: readonly FailedSignIn[] = as.map((each, i) => ({
      name: `F${i}`,
      at: NOW - 60_000,
      as: each,
    }));
    const plan = busyPlan(NOW);
    const freesAt = NOW + 600_000;
    return {
      ...plan,
      budgets: plan.budgets.map((each) =>
        each.ledger
          ? {
              ...each,
              verdict,
              freesAt,
              used: failed.length,
              ledger: { failed, known: undefined, untried: { why, ...after } },
            }
          : each,
      ),
    };
  };
  const saidOf = async (plan: Plan): Promise<string> => {
    const { app, cookie } = await serve(fakeDesk(accounts, { plan: async () => plan }));
    const { body } = await app.inject({ url: '/dashboard', headers: cookie() });
    return limitIn(body, 'alpha-sign-in-failures');
  };

  it('is not too small: it holds logins back', async () => {
    const said = await saidOf(planOf(3, 0, 'over', 'refused'));
    expect(said).toContain('holds logins back');
    expect(said).not.toContain('too small');
    expect(said).toContain('3 of 5 used, 2 left. One more in 10 min 0 s');
  });

  it('says apart what was refused and what nobody answered', async () => {
    expect(await saidOf(planOf(1, 1, 'fits', 'paced'))).toContain(
      '2 of 5 used (1 refused, 1 unanswered), 3 left.',
    );
  });

  it('is neither spent nor full for more than may fail, where nobody answered', async () => {
    const said = await saidOf(planOf(1, 8, 'tight', 'in-doubt'));
    expect(said).toContain('1 refused, 8 unanswered, which may have failed. The limit is 5.');
    expect(said).not.toMatch(/spent|0 left|Room again/);
    expect(await saidOf(planOf(5, 0, 'tight', 'refused'))).toContain('spent');
  });
});
