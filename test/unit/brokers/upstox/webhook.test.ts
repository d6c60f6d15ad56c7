import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDesk, type Desk } from './desk.ts';
import { entry, ist, patient } from './harness.ts';
import { startReceiver, type Receiver } from './receiver.ts';

let desk: Desk;
let receiver: Receiver;
const open = async (answer: number | 'never' = 200, query = ''): Promise<void> => {
  receiver = await startReceiver(answer);
  desk.simulator.command('upstox', 'notifier', `${entry.clientId} ${receiver.url}${query}`);
};
const ask = () => desk.connect({ approval: 'request' }).consent?.request?.(patient());
const tell = (command: string, argument?: string): unknown =>
  desk.simulator.command('upstox', command, argument);

beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => {
  await desk.stop();
  await receiver.stop();
});

describe('the simulated person', () => {
  it('approves, and a token of the documented shape is posted', async () => {
    await open();
    await ask();
    expect(tell('approve', 'AB0001')).toEqual({ approved: 1 });
    const [post] = await receiver.wait(1);
    expect(post?.notice).toEqual({
      client_id: entry.clientId,
      user_id: 'AB0001',
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.\w+$/),
      token_type: 'Bearer',
      expires_at: String(ist('2026-01-14T03:30:00')),
      issued_at: String(ist('2026-01-13T10:00:00')),
      message_type: 'access_token',
    });
  });

  it('answers a request once', async () => {
    await open();
    await ask();
    expect([tell('approve'), tell('approve'), tell('reject')]).toEqual([
      { approved: 1 },
      { approved: 0 },
      { rejected: 0 },
    ]);
  });

  it('says nothing by rejecting, and may still approve late', async () => {
    await open();
    await ask();
    expect(tell('reject', entry.clientId)).toEqual({ rejected: 1 });
    expect(tell('approve', entry.clientId)).toEqual({ approved: 0 });
    expect(tell('approve-late', entry.clientId)).toEqual({ approved: 1 });
    expect(await receiver.wait(1)).toHaveLength(1);
  });
});

describe('a webhook', () => {
  it.each([
    [0, 1],
    [3, 4],
  ])('webhookRetries %i: one that is refused is sent %i times', async (retries, times) => {
    await open(500);
    desk.simulator.setSwitch('upstox', 'webhookRetries', retries);
    tell('approve-late', entry.clientId);
    await receiver.wait(times);
    await desk.simulator.stop();
    expect(receiver.posts).toHaveLength(times);
    expect(new Set(receiver.posts.map(({ notice }) => JSON.stringify(notice))).size).toBe(1);
  });

  it('webhookTimeout: one that is not answered in time is sent again', async () => {
    await open('never');
    desk.simulator.setSwitch('upstox', 'webhookRetries', 1);
    desk.simulator.setSwitch('upstox', 'webhookTimeout', 0.05);
    tell('approve-late', entry.clientId);
    expect(await receiver.wait(2)).toHaveLength(2);
  });

  it.each([
    ['on', '/webhooks/upstox/made-up-path?app=1'],
    ['off', '/webhooks/upstox/made-up-path'],
  ])('webhookQueryKept %s: arrives at %s', async (value, path) => {
    await open(200, '?app=1');
    desk.simulator.setSwitch('upstox', 'webhookQueryKept', value);
    tell('approve-late', entry.clientId);
    expect((await receiver.wait(1))[0]?.path).toBe(path);
  });

  it('is forged on demand, in each way', async () => {
    await open();
    const kinds = ['wrong client', 'wrong user', 'bad times', 'dead token'];
    for (const kind of kinds) expect(tell('forge', `${entry.clientId} ${kind}`)).toEqual({ forged: 1 });
    expect(tell('forge', `${entry.clientId} no such kind`)).toEqual({ forged: 0 });
    expect(await receiver.wait(kinds.length)).toHaveLength(kinds.length);
  });

  it('goes where the switch says, for apps that have no URL of their own', async () => {
    receiver = await startReceiver();
    desk.simulator.setSwitch('upstox', 'notifierUrl', receiver.url);
    await ask();
    tell('approve');
    expect(await receiver.wait(1)).toHaveLength(1);
  });
});

describe('a request', () => {
  it.each<[string, string, Readonly<Record<string, string>>, string]>([
    ['without a secret', '{}', { 'content-type': 'application/json' }, 'UDAPI1024'],
    [
      'with a form',
      'client_secret=made-up',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'UDAPI1024',
    ],
    ['with half a body', '{"client_secret":', { 'content-type': 'application/json' }, 'UDAPI1024'],
  ])('%s is refused', async (_name, body, headers, code) => {
    await open();
    const url = `${desk.simulator.url}/upstox/v3/login/auth/token/request/${entry.clientId}`;
    const answer = await fetch(url, { method: 'POST', headers, body });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(code);
  });

  it('names the end of the window as text in ms, and the URL', async () => {
    await open();
    const url = `${desk.simulator.url}/upstox/v3/login/auth/token/request/${entry.clientId}`;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: '{"client_secret":"made-up"}' });
    expect(await answer.json()).toEqual({
      status: 'success',
      data: {
        authorization_expiry: String(ist('2026-01-14T03:30:00')),
        notifier_url: receiver.url,
      },
    });
  });
});

it('a changed static IP ends all tokens of the user', async () => {
  await open();
  const connection = desk.connect();
  const grant = await connection.consent?.receive((await desk.login(connection)) ?? {}, patient());
  if (!grant) throw new Error('no grant');
  const answer = await fetch(`${desk.simulator.url}/upstox/v2/user/ip`, {
    method: 'PUT',
    headers: { ...grant.headers, 'content-type': 'application/json' },
    body: '{"primary_ip":"192.0.2.1"}',
  });
  expect(await answer.json()).toEqual({ status: 'success', data: { access_tokens_invalidated: true } });
  expect(await connection.probe?.(grant, patient())).toBe('dead');
});
