import { randomUUID } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';

/**
 * Writes a file whole or not at all, and for its owner alone from the first byte on. Rejects with what the file
 * system says.
 * @param put how the finished draft takes its place: `rename` replaces what is there, `link` is refused by it
 */
export async function writePrivately(
  path: string,
  text: string,
  put: (draft: string, path: string) => Promise<void> = rename,
): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await put(draft, path);
  } finally {
    // Gone already where it was renamed.
    await unlink(draft).catch(() => undefined);
  }
}
