import { createHmac, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { errnoOf, whyUnreadable } from '../core/errno.ts';

/** A file as it was when it was read. */
export interface FileRead {
  /** Absolute. */
  readonly path: string;
  /** Says "the same content" within this process and nothing else; `absent` where there is no file. */
  readonly digest: string;
}

export const ABSENT = 'absent';

/** The text of a file, or why there is none, as the end of a sentence that begins with its name. */
export type FileText = { readonly text: string } | { readonly wrong: string; readonly missing: boolean };

/** Reads each file once, so that one reading of the accounts sees one version of it. */
export interface Files {
  read(path: string): Promise<FileText>;
  /** What was read, in the order of the first look. */
  reads(): readonly FileRead[];
}

// A key of this process alone: a plain hash of a password file would be as good as the password.
const key = randomBytes(32);

/** Keyed digest for comparing within this process. */
export const digestOf = (content: Buffer | string): string =>
  createHmac('sha256', key).update(content).digest('base64url');

export function openFiles(): Files {
  const known = new Map<string, { readonly digest: string; readonly content: FileText }>();
  return {
    async read(path) {
      const found = known.get(path) ?? (await readOnce(path));
      known.set(path, found);
      return found.content;
    },
    reads: () => [...known].map(([path, { digest }]) => ({ path, digest })),
  };
}

async function readOnce(path: string): Promise<{ readonly digest: string; readonly content: FileText }> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const missing = errnoOf(error) === 'ENOENT';
    return { digest: digestOfFailure(error), content: { wrong: whyUnreadable(error), missing } };
  }
  const digest = digestOf(bytes);
  try {
    return { digest, content: { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) } };
  } catch {
    return { digest, content: { wrong: 'is not UTF-8 text', missing: false } };
  }
}

const digestOfFailure = (error: unknown): string =>
  errnoOf(error) === 'ENOENT' ? ABSENT : `unreadable ${errnoOf(error)}`;

/** Looks whether files are still as they were read. */
export interface Glance {
  /** Reads only what its `stat` says has changed; `thorough`: reads everything. */
  differs(files: readonly FileRead[], thorough?: boolean): Promise<boolean>;
}

export function makeGlance(): Glance {
  const known = new Map<string, { readonly signature: string; readonly digest: string }>();
  const digestNow = async (path: string, thorough: boolean): Promise<string> => {
    // The signature first: a change between the two is then seen at the next look.
    const signature = await signatureOf(path);
    const last = known.get(path);
    if (!thorough && last?.signature === signature) return last.digest;
    const { digest } = await readOnce(path);
    known.set(path, { signature, digest });
    return digest;
  };
  return {
    async differs(files, thorough = false) {
      for (const file of files) {
        if ((await digestNow(file.path, thorough)) !== file.digest) return true;
      }
      return false;
    },
  };
}

/** Follows links, so that a swapped link is a change, as is another file renamed into place. */
async function signatureOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    return digestOfFailure(error);
  }
}
