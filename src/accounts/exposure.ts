import { realpath, stat } from 'node:fs/promises';

/** A file that more users than its owner can open. */
export interface Exposed {
  readonly path: string;
  /** Permission bits as `chmod` writes them, `644`. */
  readonly mode: string;
}

const OTHERS = 0o077;
/** Where containers mount their secrets: the mode there is the runtime's, and others have no way in. */
const mounts = /^\/(?:var\/)?run\/secrets\//;

/** Which of the files other users of this machine can open, by their mode; secrets of a container left out. */
export async function exposedOf(paths: readonly string[]): Promise<readonly Exposed[]> {
  const looks = await Promise.all(paths.map(exposedAt));
  return looks.filter((look) => look !== undefined);
}

async function exposedAt(path: string): Promise<Exposed | undefined> {
  try {
    // A mount is full of links, and so is a path to it.
    const real = await realpath(path);
    const { mode } = await stat(real);
    if ((mode & OTHERS) === 0 || mounts.test(path) || mounts.test(real)) return undefined;
    return { path, mode: (mode & 0o777).toString(8).padStart(3, '0') };
  } catch {
    // A file that cannot be looked at is a fault of its own, said where it is read.
    return undefined;
  }
}
