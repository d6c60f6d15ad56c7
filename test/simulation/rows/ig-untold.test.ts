import { afterEach, expect, test } from 'vitest';
import type { RawEntry } from '../../../src/core/broker.ts';
import { restart } from '../days/clockwork.ts';
import { makeWorld, type World } from '../world.ts';
import { HOUR_MS, MINUTE_MS } from './scene.ts';

/*
 * Half a day in which everything happens: each call has the headers that IG demands, logins and refreshes have none of a
 * session, and calls that the simulator's switches putWithBearer and bothAuthStyles answer never go out. Nobody logs out.
 */

const login = (username: string, more: object = {}): RawEntry => ({
  broker: 'ig',
  username,
  password: 'made-up',
  apiKey: `key-demo-${username}`,
  ...more,
});
const everything = { streaming: true, verify: true, discoverAccounts: true };
const before = [
  login('plain'),
  login('busy', { ...everything, accountId: 'ZZAAA', accounts: ['ZZSUB'] }),
  login('pair', { session: 'v2', accountId: 'ZZAAA' }),
  login('sealed', { session: 'v2', encryptPassword: true, verify: true }),
  login('turns', { streaming: true }),
  login('gone', everything),
];
/** Other accounts, other kinds of session; one is taken out of service, one is no longer there. */
const after = [
  login('plain', { enabled: false }),
  login('busy', { ...everything, accountId: 'ZZBBB', accounts: [] }),
  login('pair', { session: 'v2', accountId: 'ZZBBB' }),
  login('sealed', { session: 'v3', streaming: true }),
  login('turns', { session: 'v2', accountId: 'ZZAAA' }),
];

let world: World;
afterEach(() => world.stop());

async function live(): Promise<void> {
  await world.runFor(HOUR_MS);
  world.command('ig', 'expire-all');
  await world.runFor(HOUR_MS);
  world.fault({ broker: 'ig', operation: 'refresh-token', kind: 'drop-after', times: 3 });
  world.fault({ broker: 'ig', operation: 'session', kind: 'html', status: 503, times: 3 });
  await world.runFor(HOUR_MS);
  world.command('ig', 'maintenance', 'on');
  await world.runFor(HOUR_MS);
  world.command('ig', 'maintenance', 'off');
  for (const { username } of before) await world.requestRefresh(String(username), true);
  await restart(world);
  await world.runFor(2 * HOUR_MS);
}

test('half a day of everything: all headers, never both kinds of token; no call moves or ends an OAuth session', async () => {
  world = await makeWorld({ entries: before, sweepEveryMs: 30 * MINUTE_MS });
  const kinds = new Map<string, number>();
  const wrong: string[] = [];
  world.onCall(({ broker, operation, request: { method, headers } }, what) => {
    if (broker !== 'ig' || what !== 'arrived') return;
    const isBearer = 'authorization' in headers;
    const isPair = 'cst' in headers || 'x-security-token' in headers;
    const missing = ['x-ig-api-key', 'version', 'content-type', 'accept'].filter((each) => !headers[each]);
    if (isBearer && !headers['ig-account-id']) missing.push('ig-account-id');
    wrong.push(...missing.map((each) => `${operation} without ${each}`));
    const kind = isBearer ? 'Bearer' : isPair ? 'CST' : 'key';
    kinds.set(`${operation} ${kind}`, (kinds.get(`${operation} ${kind}`) ?? 0) + 1);
    if (isBearer && (isPair || method === 'PUT' || method === 'DELETE')) wrong.push(`${method} ${operation}`);
  });
  await live();
  world.writeEntries(after);
  await world.reload();
  await live();

  expect(wrong).toEqual([]);
  // All the others do go out, each with its one kind of token.
  expect([...kinds.keys()].toSorted()).toEqual([
    'accounts Bearer',
    'encryption-key key',
    'login key',
    'refresh-token key',
    'session Bearer',
    'session CST',
    'session-tokens Bearer',
    'switch-account CST',
  ]);
  expect(kinds.get('switch-account CST')).toBeGreaterThan(5);
});
