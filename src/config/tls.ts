import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Reader } from './reader.ts';
import type { Parse } from './values.ts';

/** What TLS to Redis is made of, beside what Node trusts anyway. PEM, as tls.connect takes it. */
export interface Tls {
  /** Trusted instead of the public authorities. */
  readonly ca?: string;
  /** Ours, where the server wants to see one. */
  readonly cert?: string;
  readonly key?: string;
  /** The name in the server's certificate, where it is not the one it is called by. */
  readonly servername?: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Certificates, one or a bundle. Node takes what it cannot read as none at all, so each is opened here. */
const certificates: Parse<string> = (text) => {
  const found = text.match(CERTIFICATE) ?? [];
  return found.length > 0 && found.every(isCertificate)
    ? { value: text }
    : { wrong: 'must be certificates in PEM (-----BEGIN CERTIFICATE-----)' };
};

const privateKey: Parse<string> = (text) =>
  opens(() => createPrivateKey(text))
    ? { value: text }
    : { wrong: 'must be a private key in PEM without a passphrase' };

/** Reads the settings of TLS; their faults are noted. */
export function readTls(reader: Reader): Tls {
  const ca = reader.read('REDIS_TLS_CA', undefined, certificates);
  const cert = reader.read('REDIS_TLS_CERT', undefined, certificates);
  const key = reader.read('REDIS_TLS_KEY', undefined, privateKey);
  const servername = reader.text('REDIS_TLS_SERVER_NAME');
  const bothNamed = (['REDIS_TLS_CERT', 'REDIS_TLS_KEY'] as const).map(
    (each) => reader.sourceOf(each) !== undefined,
  );
  if (bothNamed[0] !== bothNamed[1])
    reader.wrong('REDIS_TLS_CERT and REDIS_TLS_KEY', 'go together: give both, or neither');
  if (cert !== undefined && key !== undefined && !opens(() => createSecureContext({ cert, key })))
    reader.wrong('REDIS_TLS_KEY', 'is not the key of REDIS_TLS_CERT');
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
  };
}

const isCertificate = (pem: string): boolean => opens(() => new X509Certificate(pem));

function opens(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}
