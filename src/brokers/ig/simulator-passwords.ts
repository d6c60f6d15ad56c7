import { isUtf8 } from 'node:buffer';
import {
  constants,
  createPrivateKey,
  generateKeyPairSync,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto';
import type { DialectHost } from '../../core/dialect.ts';
import { switched } from './simulator-switches.ts';

export interface Passwords {
  /** `GET /session/encryptionKey`. Switch `timeStampType` `number` | `string`. */
  key(): Readonly<Record<string, unknown>>;
  /** True where the login's password is right, in the clear or encrypted with a key that was given out. */
  accepts(username: string, password: string, isEncrypted: boolean): boolean;
}

interface Keys {
  readonly publicDer: string;
  readonly private: KeyObject;
}

let made: Keys | undefined;
/** One pair of keys for the process: making them takes a tenth of a second. */
function keys(): Keys {
  if (!made) {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    made = { publicDer: publicKey.toString('base64'), private: createPrivateKey(privateKey) };
  }
  return made;
}

/**
 * Reads passwords as IG's samples write them: base64(RSA PKCS#1 v1.5(base64(password|timeStamp))). Switch
 * `passwordCharset` `utf-8` | `latin-1` | `both`: what IG takes is not documented.
 */
export function makePasswords(host: DialectHost): Passwords {
  const timeStamps = new Set<string>();

  const readings = (cipher: string): readonly string[] => {
    const inner = decrypted(cipher);
    if (inner === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(inner)) return [];
    const bytes = Buffer.from(inner, 'base64');
    const charset = switched(host, 'passwordCharset');
    return [
      ...(charset === 'latin-1' || !isUtf8(bytes) ? [] : [bytes.toString('utf8')]),
      ...(charset === 'utf-8' ? [] : [bytes.toString('latin1')]),
    ];
  };

  return {
    key: () => {
      const timeStamp = Math.floor(host.clock.now());
      timeStamps.add(String(timeStamp));
      const isText = switched(host, 'timeStampType') === 'string';
      return { encryptionKey: keys().publicDer, timeStamp: isText ? String(timeStamp) : timeStamp };
    },
    accepts: (username, password, isEncrypted) => {
      if (!isEncrypted) return host.accepts(username, password);
      return readings(password).some((reading) => {
        const [plain, timeStamp] = [reading.replace(/\|\d+$/, ''), /\|(\d+)$/.exec(reading)?.[1]];
        return timeStamp !== undefined && timeStamps.has(timeStamp) && host.accepts(username, plain);
      });
    },
  };
}

/**
 * Takes the PKCS#1 padding off by hand (00 02, bytes other than 00, 00): Node refuses to decrypt with it
 * where its OpenSSL could tell an attacker about the padding (CVE-2023-46809).
 */
function decrypted(cipher: string): string | undefined {
  try {
    const key = { key: keys().private, padding: constants.RSA_NO_PADDING };
    const block = privateDecrypt(key, Buffer.from(cipher, 'base64'));
    const end = block.indexOf(0, 2);
    return block[0] === 0 && block[1] === 2 && end >= 10
      ? block.subarray(end + 1).toString('latin1')
      : undefined;
  } catch {
    return undefined;
  }
}
