import type { InjectOptions } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { Desk, NoticeAnswer } from '../../../src/http/desk.ts';
import { account, fakeDesk, serve } from './support.ts';

const SECRET = 'made-up-secret-of-a-path';
const TOKEN = 'made-up-token-of-a-notice';
const path = `/webhooks/alpha/${SECRET}`;
const notice = { access_token: TOKEN };

/** Posts to a service whose desk answers so; what the desk was given, too. */
async function post(answer: NoticeAnswer | Error, options: InjectOptions = {}) {
  const taken: Parameters<Desk['takeNotice']>[] = [];
  const { app, log } = await serve(
    fakeDesk([account('one')], {
      takeNotice: async (...given) => {
        taken.push(given);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    }),
  );
  const reply = await app.inject({ method: 'POST', url: path, payload: notice, ...options });
  return { reply, taken, log };
}

const raw = (payload: string, type = 'application/json'): InjectOptions => ({
  payload,
  headers: { 'content-type': type },
});

describe('POST /webhooks/:broker/:secret', () => {
  it('hands broker, secret and body over, and asks nobody to sign in', async () => {
    const { reply, taken } = await post({ outcome: 'taken' });
    expect([reply.statusCode, reply.json()]).toEqual([200, { status: 'success' }]);
    expect(taken).toEqual([['alpha', SECRET, notice]]);
  });

  it.each<[NoticeAnswer, number, string]>([
    [{ outcome: 'unknown-path' }, 404, 'NOT_FOUND'],
    [{ outcome: 'refused', reason: 'bad_times' }, 400, 'NOTICE_REFUSED'],
    [{ outcome: 'busy' }, 503, 'BUSY'],
  ])('answers %o with %i', async (answer, status, code) => {
    const { reply } = await post(answer);
    expect([reply.statusCode, reply.json()]).toMatchObject([status, { status: 'error', code }]);
    expect(reply.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
    // Why is for the log, not for whoever guesses.
    expect(reply.body).not.toContain('bad_times');
  });

  it.each<[string, InjectOptions, number, string]>([
    ['no JSON', raw('{"access_token":'), 400, 'BAD_REQUEST'],
    ['a form', raw('a=b', 'application/x-www-form-urlencoded'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a text', raw('hello', 'text/plain'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a page', raw('<html>', 'text/html'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['far too much', raw(JSON.stringify({ x: 'x'.repeat(20_000) })), 413, 'BODY_TOO_LARGE'],
    ['a key that would reach further', raw('{"__proto__": {"a": 1}}'), 400, 'BAD_REQUEST'],
    ['another method', { method: 'GET' }, 405, 'METHOD_NOT_ALLOWED'],
    ['a page of another site', { headers: { origin: 'https://other.example' } }, 403, 'CROSS_ORIGIN'],
    ['a path with more behind it', { url: `${path}/more` }, 404, 'NOT_FOUND'],
  ])('turns %s away before anybody is asked', async (_, options, status, code) => {
    const { reply, taken } = await post({ outcome: 'taken' }, options);
    expect([reply.statusCode, reply.json(), taken]).toMatchObject([status, { code }, []]);
  });

  it('hands an empty body on as none', async () => {
    const { taken } = await post({ outcome: 'refused', reason: 'not_a_token_notice' }, raw(''));
    expect(taken).toEqual([['alpha', SECRET, undefined]]);
  });

  it.each<[string, NoticeAnswer | Error, InjectOptions?]>([
    ['taken', { outcome: 'taken' }],
    ['refused', { outcome: 'refused', reason: 'expired' }],
    ['unknown', { outcome: 'unknown-path' }],
    ['that fails', new Error('made-up failure')],
    ['that is no JSON', { outcome: 'taken' }, raw(`{"access_token": "${TOKEN}`)],
  ])('shows neither path nor body in log and answer of one %s', async (_, answer, options) => {
    const { reply, log } = await post(answer, options);
    const shown = [log.text(), JSON.stringify(log.lines), reply.body, JSON.stringify(reply.headers)].join();
    for (const secret of [SECRET, TOKEN]) expect(shown).not.toContain(secret);
  });

  it('says what became of it, in a word', async () => {
    const { log } = await post({ outcome: 'refused', reason: 'bad_times' });
    expect(log.lines.find(({ fields }) => fields['event'] === 'webhook.arrived')?.fields).toEqual({
      event: 'webhook.arrived',
      outcome: 'refused',
      reason: 'bad_times',
    });
  });
});
