import { randomUUID } from 'node:crypto';
import { lstat, open, rename, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errnoOf } from '../core/errno.ts';
import { ConfigurationError } from '../core/errors.ts';

/** A file that is written once, whole, for its owner alone (0600). */
export interface ReportFile {
  write(text: string): Promise<void>;
  /** Leaves no trace where nothing was written. */
  close(): Promise<void>;
}

/**
 * Makes sure that the report can be written before there is anything to report: a login whose report
 * is lost was made for nothing. Throws ConfigurationError where it cannot.
 */
export async function openReportFile(path: string): Promise<ReportFile> {
  const target = resolve(path);
  // The first login is made once, and its report is the only evidence of it.
  if (await exists(target)) {
    const message = `${target} exists, and a report is never written over: name another file`;
    throw new ConfigurationError([{ at: '--report', message }]);
  }
  const draft = `${target}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600).catch((error: unknown) => {
    const message = `${target} cannot be written (${errnoOf(error)}): name a file in a folder that this user may write`;
    throw new ConfigurationError([{ at: '--report', message }]);
  });
  let written = false;
  return {
    async write(text) {
      await file.writeFile(text);
      await file.sync();
      await rename(draft, target);
      written = true;
    },
    async close() {
      await file.close();
      if (!written) await unlink(draft).catch(() => undefined);
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
