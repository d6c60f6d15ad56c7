/** The code of a failed file operation, e.g. `ENOENT`; `unreadable` where there is none. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unreadable';
}

/** Why a file could not be read, for a person; follows the file's name in a sentence. */
export function whyUnreadable(error: unknown): string {
  const code = errnoOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `does not exist (${code})`;
    case 'EACCES':
    case 'EPERM':
      return `may not be read by this user (${code})`;
    case 'EISDIR':
      return `is a folder (${code})`;
    default:
      return `cannot be read (${code})`;
  }
}
