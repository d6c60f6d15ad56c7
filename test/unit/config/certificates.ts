import { createPrivateKey } from 'node:crypto';
import { inFolder } from './surroundings.ts';

/** Made up for these tests: nothing trusts it, and its key is a row of sevens. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBOjCB7aADAgECAhQMdpdaoxX/Kinyo+f2xFvoCTcJIjAFBgMrZXAwEjEQMA4G
A1UEAwwHbWFkZS11cDAgFw0yNjExMjEwNjM2MzlaGA8yMTI2MTAyODA2MzYzOVow
EjEQMA4GA1UEAwwHbWFkZS11cDAqMAUGAytlcAMhAOpKbGPinFIKvvVQexMuxfmV
R3auvr57kkIe6mkURtIso1MwUTAdBgNVHQ4EFgQUTF7OQCOgNB7irP/MTRcVSoVP
AuUwHwYDVR0jBBgwFoAUTF7OQCOgNB7irP/MTRcVSoVPAuUwDwYDVR0TAQH/BAUw
AwEB/zAFBgMrZXADQQCHp8s0XfMsVOEzsQ+F8D7E2wc63gzxislzlh0aYlKAm8mM
JU8YNXAx5NNdfml8jE073de2VsfifZ+e8fQS+acM
-----END CERTIFICATE-----`;

/** What precedes the 32 bytes of an Ed25519 key in PKCS 8. */
const HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export const keyOf = (byte: number): string =>
  createPrivateKey({ key: Buffer.concat([HEAD, Buffer.alloc(32, byte)]), format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();

/** The files that .env.example names for TLS. */
export const tlsFiles: Readonly<Record<string, string>> = {
  [inFolder('redis-ca.pem')]: certificate,
  [inFolder('redis-client.pem')]: certificate,
  [inFolder('redis-client-key.pem')]: keyOf(7),
};
