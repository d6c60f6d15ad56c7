import { describe, expect, it } from 'vitest';
import { addressOf, filterOf, passing } from '../../../src/http/page/filter.ts';
import { listingOf } from '../../../src/http/page/listing.ts';
import { account, fakeDesk, serve, without } from './support.ts';

const none = filterOf({});
const many = (count: number, make = account) => Array.from({ length: count }, (_, i) => make(`N${1000 + i}`));

describe('the filter', () => {
  it.each([
    ['/dashboard', {}],
    [
      '/dashboard?q=a+b&broker=alpha&state=person&page=2',
      { q: ' a b ', broker: 'alpha', state: 'person', page: '2' },
    ],
    ['/dashboard', { q: '', broker: ' ', state: 'nonsense', page: '-1' }],
    ['/dashboard', { q: ['a'], page: '1e9', more: 'x' }],
    ['/dashboard?account=DESK', { account: 'DESK' }],
  ])('is kept in the address %s', (address, query) => {
    expect(addressOf(filterOf(query))).toBe(address);
  });

  it('finds names, sub-accounts and reasons, in any case, by all of the words', () => {
    const accounts = [
      account('DESK_A', { sub_accounts: ['DEMO77'] }),
      without('DESK_B', 'stopped', { detail: 'The password was refused.' }),
      without('WAITS', 'awaiting_approval', { broker: 'beta' }),
    ];
    const found = (query: object) => passing(accounts, filterOf(query)).map(({ name }) => name);
    expect(found({ q: 'demo77' })).toEqual(['DESK_A']);
    expect(found({ q: 'desk password' })).toEqual(['DESK_B']);
    expect(found({ q: 'desk nothing' })).toEqual([]);
    expect(found({ state: 'person' })).toEqual(['DESK_B', 'WAITS']);
    expect(found({ state: 'fresh' })).toEqual(['DESK_A']);
    expect(found({ broker: 'beta' })).toEqual(['WAITS']);
  });
});

describe('the list', () => {
  it('shows all accounts of a broker that has few, trouble first', () => {
    const { groups } = listingOf([account('a'), without('b', 'stopped')], none);
    expect(groups[0]?.shown.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(groups[0]?.hidden).toEqual({ wanting: 0, well: 0 });
  });

  it('has a broker first whose accounts are in trouble, and no other out of the order of names', () => {
    const accounts = [
      account('a', { state: 'backing_off' }),
      without('b', 'awaiting_approval', { broker: 'beta' }),
      without('c', 'expired', { broker: 'gamma' }),
      account('d', { broker: 'delta' }),
    ];
    const order = listingOf(accounts, none).groups.map(({ broker }) => broker);
    expect(order).toEqual(['gamma', 'alpha', 'beta', 'delta']);
  });

  it('shows only those that want an eye of a broker that has many, and says what it leaves out', () => {
    const accounts = [...many(970), ...many(30, (name) => without(`${name}X`, 'backing_off'))];
    const [group] = listingOf(accounts, none).groups;
    expect(group?.shown).toHaveLength(25);
    expect(group?.shown.every(({ state }) => state === 'backing_off')).toBe(true);
    expect(group?.hidden).toEqual({ wanting: 5, well: 970 });
  });

  it('shows a hundred on a page of what was searched for', () => {
    const accounts = many(250);
    const page = (number: number) => listingOf(accounts, filterOf({ broker: 'alpha', page: String(number) }));
    expect(page(1)).toMatchObject({ pages: 3, matching: 250, total: 250 });
    expect(page(3).groups[0]?.shown).toHaveLength(50);
    expect(page(9).page).toBe(3);
  });

  it('of a thousand accounts is a small page, which is drawn at once', async () => {
    const { app, cookie } = await serve(fakeDesk(many(1_000)));
    const ask = (url: string) => app.inject({ url, headers: cookie() });
    await ask('/dashboard');
    const before = performance.now();
    const { body } = await ask('/dashboard');
    expect(performance.now() - before).toBeLessThan(500);
    expect(body.length).toBeLessThan(20_000);
    expect(body).toContain('<a href="/dashboard?broker=alpha">Show 1000 that need nothing</a>');
    const found = await ask('/dashboard?q=n1999');
    expect(found.body).toContain('id="row-alpha-N1999"');
    expect(found.body).toContain('1 of 1000 accounts.');
    const listed = await ask('/dashboard?broker=alpha&page=2');
    expect(listed.body.match(/<tr id=/g)).toHaveLength(100);
    expect(listed.body).toContain('href="/dashboard?broker=alpha&amp;page=3"');
  });
});
