import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { answerOf, call, failureOf, makeBench } from './harness.ts';
import { codeOf, login } from './raw.ts';

const encrypted = { session: 'v2', encryptPassword: true };
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const encryptionKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/** The text inside the block, with the padding taken off by hand. */
function opened(cipher: string): string {
  const block = privateDecrypt(
    { key: privateKey, padding: constants.RSA_NO_PADDING },
    Buffer.from(cipher, 'base64'),
  );
  expect([...block.subarray(0, 2)]).toEqual([0, 2]);
  return block.subarray(block.indexOf(0, 2) + 1).toString('latin1');
}

describe('an encrypted password', () => {
  it.each<[string, string, number | string]>([
    ['a number', 'made-up', 1_768_469_400_000],
    ['a string', 'made-up', '1768469400000'],
    ['a number, and a password beyond ASCII in UTF-8', 'schlüssel|日本', 1_768_469_400_000],
  ])(
    'is base64(RSA(base64(password|timeStamp))), where timeStamp is %s',
    async (_what, password, timeStamp) => {
      const bench = makeBench();
      bench.scripted.push(answerOf(200, { encryptionKey, timeStamp }));
      await failureOf(bench.connect({ ...encrypted, password }).signIn?.(call));
      expect(bench.sent[0]).toEqual({
        method: 'GET',
        url: 'http://127.0.0.1:9/gateway/deal/session/encryptionKey',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json; charset=UTF-8',
          VERSION: '1',
          'X-IG-API-KEY': 'key-demo-1',
        },
      });
      const body = JSON.parse(bench.sent[1]?.body ?? '') as Record<string, unknown>;
      expect(body).toMatchObject({ identifier: 'desk_one', encryptedPassword: true });
      expect(bench.sent[1]?.headers).toMatchObject({ VERSION: '2' });
      const inner = opened(String(body.password));
      expect(Buffer.from(inner, 'base64').toString('utf8')).toBe(`${password}|1768469400000`);
      expect(bench.sent[1]?.body).not.toContain(password);
    },
  );

  it('is in Latin-1 where the entry says so', async () => {
    const bench = makeBench();
    bench.scripted.push(answerOf(200, { encryptionKey, timeStamp: 1_768_469_400_000 }));
    const entry = { ...encrypted, password: 'schlüssel', passwordCharset: 'latin-1' };
    await failureOf(bench.connect(entry).signIn?.(call));
    const body = JSON.parse(bench.sent[1]?.body ?? '') as Record<string, unknown>;
    const inner = Buffer.from(opened(String(body.password)), 'base64');
    expect(inner).toEqual(Buffer.from('schlüssel|1768469400000', 'latin1'));
  });

  it('lets the simulated IG in, with the exact recipe only', async () => {
    const bench = makeBench();
    expect(await bench.connect(encrypted).signIn?.(call)).toMatchObject({ tokenType: 'CST' });
    const plain = await login(bench, { version: '2', encryptedPassword: true });
    expect(codeOf(plain)).toBe('401 error.security.invalid-details');
  });

  it('of 169 characters fits, of 200 does not: nothing is sent, and a person is told', async () => {
    const timeStamp = 1_768_469_400_000;
    const bench = makeBench();
    bench.scripted.push(answerOf(200, { encryptionKey, timeStamp }));
    expect(
      await failureOf(bench.connect({ ...encrypted, password: 'x'.repeat(169) }).signIn?.(call)),
    ).toMatchObject({
      code: 'bad_credentials',
    });
    bench.scripted.push(answerOf(200, { encryptionKey, timeStamp }));
    const error = await failureOf(bench.connect({ ...encrypted, password: 'x'.repeat(200) }).signIn?.(call));
    expect(error).toMatchObject({ kind: 'needs-human', code: 'password_too_long' });
    expect(bench.sent).toHaveLength(3);
  });

  const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  it.each([
    ['no key', { encryptionKey: 'bm9uZQ==', timeStamp: 1 }],
    ['a key of another kind', { encryptionKey: ecKey.toString('base64'), timeStamp: 1 }],
    ['no time', { encryptionKey }],
    ['a time in words', { encryptionKey, timeStamp: 'noon' }],
  ])('is not sent where %s comes', async (_what, body) => {
    const bench = makeBench();
    bench.scripted.push(answerOf(200, body));
    expect(await failureOf(bench.connect(encrypted).signIn?.(call))).toMatchObject({
      kind: 'transient',
      code: 'server_fault',
    });
    expect(bench.sent).toHaveLength(1);
  });
});
