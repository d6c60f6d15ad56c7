import { expect, it } from 'vitest';
import { BrokerError } from '../../../../src/core/errors.ts';
import { answerOf, call, entry, makeBench, type Bench } from './harness.ts';

const refused = (id: string) => answerOf(500, { errorCode: 'system.error' }, { 'x-request-id': id });

/** What is known of a renewal that failed, as text, and its request id. */
async function failing(bench: Bench, id: (secrets: readonly string[]) => string): Promise<BrokerError> {
  const connection = bench.connect();
  const grant = await connection.signIn?.(call);
  if (!grant) throw new Error('no session');
  const secrets = [grant.renewal?.refreshToken ?? '', String(entry['apiKey']), grant.token];
  bench.scripted.push(refused(id(secrets)));
  const error: unknown = await connection.renew?.(grant, call).catch((thrown: unknown) => thrown);
  if (!(error instanceof BrokerError)) throw new Error('it works');
  return error;
}

it('is kept with a failure, and stands in no message', async () => {
  const error = await failing(makeBench(), () => '0f1e-made_up');
  expect(error.requestId).toBe('0f1e-made_up');
  expect(error.message).not.toContain('0f1e');
});

it.each([
  ['the refresh token', ([refresh = '']: readonly string[]) => refresh],
  ['a piece of it', ([refresh = '']: readonly string[]) => refresh.slice(0, 13)],
  ['the API key', ([, key = '']: readonly string[]) => key],
])('is none where it repeats %s', async (_what, id) => {
  const bench = makeBench();
  const error = await failing(bench, id);
  expect(error.requestId).toBeUndefined();
  expect(error.code).toBe('server_fault');
});

it.each(['', 'two words', 'Bearer:made-up', 'x'.repeat(65), '{"token":1}', 'line\nbreak'])(
  'is none where it is no word: %j',
  async (id) => {
    expect((await failing(makeBench(), () => id)).requestId).toBeUndefined();
  },
);

it('of a header login never is one of its tokens', async () => {
  const bench = makeBench();
  const tokens = { cst: 'made-up-cst', 'x-request-id': 'made-up-cst' };
  bench.scripted.push(answerOf(200, { currentAccountId: 'ZZ1', reroutingEnvironment: 'LIVE' }, tokens));
  const error: unknown = await bench
    .connect({ session: 'v2' })
    .signIn?.(call)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'rerouted', requestId: undefined });
});
