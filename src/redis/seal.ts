import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

const FORMAT = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  readonly id: string;
  /** Made ready once: given as bytes, a key is made ready at each use, which costs several times the use itself. */
  readonly sealing: KeyObject;
  readonly fingerprinting: KeyObject;
}

/** Seals what may not lie in clear, and fingerprints what may not lie at all. */
export interface Seal {
  /** AES-256-GCM under the first key; `context` is bound to it, so a value cannot be moved elsewhere. */
  seal(plain: string, context: string): string;
  /** Opens with whichever key of the ring sealed it; undefined where none fits or it was changed. */
  open(sealed: string, context: string): string | undefined;
  /** True where the first key sealed it: nothing is left to do for an older key to go. */
  isCurrent(sealed: string): boolean;
  /** Keyed digest of secrets, under the first key; says "the same" and nothing else. */
  fingerprint(parts: readonly string[]): string;
  /** The same under every key of the ring, the first key's first: verdicts outlive a rotation. */
  fingerprints(parts: readonly string[]): readonly string[];
  /** A signature over `text` for links and cookies, under the first key; base64url. */
  sign(text: string): string;
  /** The same under every key of the ring: what was handed out before a rotation. */
  signatures(text: string): readonly string[];
}

/**
 * @param keys 32-byte keys; the first seals, all open
 */
export function makeSeal(keys: readonly Buffer[]): Seal {
  const ring = keys.map(derive);
  const first = ring[0];
  if (!first) throw new Error('a seal needs at least one key');
  const digest = (key: Key, parts: readonly string[]): string =>
    createHmac('sha256', key.fingerprinting).update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
  const signed = (key: Key, text: string): string =>
    createHmac('sha256', key.fingerprinting).update(`sign:${text}`).digest('base64url');
  return {
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', first.sealing, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${FORMAT}.${first.id}.${body.toString('base64url')}`;
    },
    open(sealed, context) {
      const [format, id, body] = sealed.split('.');
      const key = ring.find((candidate) => candidate.id === id);
      if (format !== FORMAT || !key || !body) return undefined;
      const bytes = Buffer.from(body, 'base64url');
      if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key.sealing, bytes.subarray(0, IV_BYTES));
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return (
          decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
        );
      } catch {
        return undefined;
      }
    },
    isCurrent: (sealed) => sealed.split('.')[1] === first.id,
    fingerprint: (parts) => digest(first, parts),
    fingerprints: (parts) => ring.map((key) => digest(key, parts)),
    sign: (text) => signed(first, text),
    signatures: (text) => ring.map((key) => signed(key, text)),
  };
}

function derive(key: Buffer): Key {
  const part = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', key, '', `token-refresher ${purpose}`, 32));
  return {
    id: createHash('sha256').update(part('key id')).digest('base64url').slice(0, 8),
    sealing: createSecretKey(part('sealing')),
    fingerprinting: createSecretKey(part('fingerprints')),
  };
}
