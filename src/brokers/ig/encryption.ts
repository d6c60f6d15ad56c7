import { constants, createPublicKey, publicEncrypt, type KeyObject } from 'node:crypto';
import type { BrokerIo, Call } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { charsetOf, type IgAccount } from './account.ts';
import { brokerError } from './classify.ts';
import { harmless, read } from './reading.ts';
import { encryptionKey, type Caller, type SentPassword } from './requests.ts';
import { encryptionKeyAnswer } from './wire.ts';

/** What PKCS#1 v1.5 takes off a block for its padding, bytes. */
const PADDING_BYTES = 11;

/**
 * The password as an encrypted login takes it: base64(RSA PKCS#1 v1.5(base64(password|timeStamp))), with
 * the key and the time that IG gives for it. One call. Sources: labs.ig.com,
 * /reference/session-encryption-key.html names the text before the base64; that it is base64 when it is
 * encrypted, and UTF-8 before, stands in IG's samples only (IG-Group/ig-webapi-java-sample,
 * ig-webapi-dotnet-sample); clients on pidCrypt send Latin-1, so that an entry may ask for it. Anything else looks like a wrong password and counts towards a lock.
 */
export async function encryptedPassword(
  io: BrokerIo,
  caller: Caller,
  account: Pick<IgAccount, 'password' | 'passwordCharset'>,
  call: Call,
): Promise<SentPassword> {
  const answer = await harmless(io.http(encryptionKey(caller), call));
  const { encryptionKey: der, timeStamp } = read('read', encryptionKeyAnswer, answer);
  const key = publicKeyOf(der);
  if (key === undefined) {
    throw brokerError(
      {
        kind: 'transient',
        code: 'server_fault',
        scope: 'broker',
        text: 'IG sent an encryption key that is none; the password was not sent',
      },
      answer,
    );
  }
  const charset = charsetOf(account) === 'utf-8' ? 'utf8' : 'latin1';
  const text = Buffer.from(`${account.password}|${timeStamp}`, charset);
  const inner = Buffer.from(text.toString('base64'), 'ascii');
  const roomBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8 - PADDING_BYTES;
  if (inner.length > roomBytes) throw tooLong();
  const cipher = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, inner);
  return { password: cipher.toString('base64'), encryptedPassword: true };
}

/** The RSA key in base64 DER SPKI, or undefined where it is none. */
function publicKeyOf(der: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(der, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

function tooLong(): BrokerError {
  return new BrokerError(
    "The password is too long for IG's encryption key (some 169 characters fit); it was not sent. Set a shorter one at IG and in the file.",
    { kind: 'needs-human', code: 'password_too_long' },
  );
}
