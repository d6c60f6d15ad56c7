import { describe, expect, it } from 'vitest';
import type { Act } from '../../../src/core/explain.ts';
import { account, ADMIN_TOKEN, bearer, fakeDesk, serve, type Served } from './support.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

async function noting(): Promise<Served & { readonly noted: readonly Omit<Act, 'at'>[] }> {
  const noted: Omit<Act, 'at'>[] = [];
  const noteAct = async (act: Omit<Act, 'at'>): Promise<void> => void noted.push(act);
  const desk = fakeDesk([account('one', { person_needed: true })], { noteAct });
  return { ...(await serve(desk)), noted };
}

describe('what is kept of what people do', () => {
  it('has each sign-in, the refused ones too, and each sign-out', async () => {
    const { app, access, cookie, noted, log } = await noting();
    const link = access.makeLink();
    const signIn = (payload: string) =>
      app.inject({ method: 'POST', url: '/sign-in', headers: form, payload, remoteAddress: '192.0.2.7' });
    await signIn(`token=${ADMIN_TOKEN}`);
    await signIn(`link=${link}`);
    await signIn(`link=${link}`);
    await signIn('token=made-up-wrong');
    await app.inject({ method: 'POST', url: '/sign-out', headers: { ...form, ...cookie() } });
    expect(noted.map(({ who, what, outcome }) => [who, what, outcome])).toEqual([
      ['token', 'sign-in', '303'],
      ['link', 'sign-in', '303'],
      ['nobody', 'sign-in', '401'],
      ['nobody', 'sign-in', '401'],
      ['cookie', 'sign-out', '303'],
    ]);
    expect(noted[0]).toMatchObject({ account: '', from: '192.0.2.7' });
    const said = JSON.stringify(noted) + log.text();
    for (const secret of [ADMIN_TOKEN, link, 'made-up-wrong']) expect(said).not.toContain(secret);
  });

  it('has each link that was opened, and each login that was begun', async () => {
    const { app, cookie, noted } = await noting();
    const url = '/oauth/alpha/one';
    await app.inject({ url: `${url}?ticket=good-ticket` });
    await app.inject({ method: 'POST', url, headers: form, payload: 'ticket=good-ticket' });
    await app.inject({ url, headers: cookie() });
    await app.inject({ url, headers: bearer });
    const act = { account: 'one', from: '127.0.0.1' };
    expect(noted).toEqual([
      { ...act, who: 'ticket', what: 'open-link', outcome: '200' },
      { ...act, who: 'ticket', what: 'login', outcome: '302' },
      { ...act, who: 'cookie', what: 'login', outcome: '302' },
      { ...act, who: 'token', what: 'login', outcome: '302' },
    ]);
    expect(JSON.stringify(noted)).not.toContain('good-ticket');
  });

  it('has nothing of strangers, by whichever way they are turned away', async () => {
    const { app, noted } = await noting();
    const post = (url: string, headers: object, payload = '') =>
      app.inject({ method: 'POST', url, headers: { ...form, ...headers }, payload });
    await app.inject({ url: '/oauth/alpha/one?ticket=bad' });
    await post('/oauth/alpha/one', {}, 'ticket=bad');
    await post('/accounts/one/refresh', {});
    await post('/accounts/one/pause', { 'content-type': 'text/csv' }, 'a,b');
    await post('/accounts/one/logout', { host: 'rebound.example' });
    await post('/sign-out', {});
    for (let i = 0; i < 300; i += 1) await post('/accounts/one/refresh', {});
    expect(noted).toEqual([]);
  });
});
